//! Functions made at run time.

use std::sync::Arc;

use lanefn_compiler::{Body, Graph, Known, Vocabulary};
use lanefn_kernels::{
    lanes::Dtype,
    loops::{Loop, MAX_INPUTS, MAX_OUTPUTS},
};
use smallvec::SmallVec;

use super::{Reduction, Untyped, cache, untyped::Arguments};
use crate::{
    dtype::{Casting, Type, can_cast},
    error::{Error, Result},
    execute::Code,
    status::Rule,
};

/// The functions of the catalogue, for graphs to name.
pub struct Catalogue;

impl Vocabulary for Catalogue {
    fn find(&self, name: &str) -> Option<Known> {
        let of = crate::find(name)?;
        Some(Known { name: of.name, nin: of.nin(), nout: of.nout() })
    }

    fn resolve(&self, name: &str, inputs: &[Type]) -> std::result::Result<&'static Loop, String> {
        let of = crate::find(name).ok_or_else(|| format!("there is no function '{name}'"))?;
        match of.resolve(inputs, &[], Casting::SameKind) {
            Ok(Code::Loop(of)) => Ok(of),
            Ok(Code::Body(_)) => Err(format!("'{name}' is no function of the catalogue")),
            Err(error) => Err(error.to_string()),
        }
    }

    fn exactly(&self, name: &str, inputs: &[Dtype]) -> Option<&'static Loop> {
        crate::find(name)?.loops.iter().copied().find(|l| l.inputs == inputs)
    }

    fn names(&self) -> Vec<&'static str> {
        let names =
            |f: &'static Untyped<'static>| std::iter::once(f.name).chain(f.aliases.iter().copied());
        crate::catalogue().iter().flat_map(names).collect()
    }
}

/// A function made at run time: from an expression, a graph, or the bytes of one.
///
/// It is data: cloned, sent, written down and read in another process, it is the same function, and each
/// process compiles it when it is first called there, once for each combination of dtypes. It has all
/// methods of [`Untyped`], by [`Compiled::untyped`].
#[derive(Clone)]
pub struct Compiled(Arc<Made>);

/// What a [`Compiled`] is.
pub(super) struct Made {
    name: String,
    doc: String,
    arguments: Vec<String>,
    graph: Graph,
    hash: [u8; 32],
    reduction: Reduction,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.name, self.arguments.join(", "))
    }
}

impl PartialEq for Compiled {
    /// Whether they compute the same, by content; names don't count.
    fn eq(&self, other: &Compiled) -> bool {
        self.0.hash == other.0.hash
    }
}

impl Eq for Compiled {}

impl std::hash::Hash for Compiled {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash.hash(state);
    }
}

impl Compiled {
    /// The function that a graph computes, under a name of its own. An open graph serves every dtype for
    /// which its functions have loops; a typed one its own.
    ///
    /// # Errors
    /// [`Error::Made`] for more inputs or outputs than a call can have, or none.
    pub fn new(name: &str, graph: Graph) -> Result<Compiled> {
        let (nin, nout) = (graph.inputs().len(), graph.outputs().len());
        if nin == 0 || nin > MAX_INPUTS || nout == 0 || nout > MAX_OUTPUTS {
            return Err(Error::Made {
                function: name.into(),
                why: format!(
                    "it has {nin} inputs and {nout} outputs, where 1 to {MAX_INPUTS} and 1 to {MAX_OUTPUTS} can be called"
                ),
            });
        }
        let hash = graph.content_hash();
        Ok(Compiled(Arc::new(Made {
            name: name.into(),
            doc: String::new(),
            arguments: graph.inputs().iter().map(|i| i.name.clone()).collect(),
            graph,
            hash,
            reduction: Reduction::sequence(),
        })))
    }

    /// The function that an expression says: see [`lanefn_compiler::text`]. Its name is the text.
    ///
    /// ```
    /// use ndarray::array;
    /// let f = lanefn::Compiled::from_expression("x > 2 ? x + 1 : x - 1")?;
    /// assert_eq!(f.call::<(f64,), _>(&array![1.0, 2.0, 3.0])?, array![0.0, 1.0, 4.0]);
    /// assert_eq!(f.call::<(i8,), _>(&array![1i8, 2, 3])?, array![0, 1, 4]);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Expression`] says where the text is wrong, and what was expected there.
    pub fn from_expression(text: &str) -> Result<Compiled> {
        Compiled::new(text, lanefn_compiler::text::parse(text, &Catalogue)?)
    }

    /// The function of these bytes, which may come from anybody.
    ///
    /// # Errors
    /// [`Error::Made`] says what is wrong with them, and where.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Compiled> {
        let graph = Graph::from_bytes(bytes, &Catalogue)
            .map_err(|e| Error::Made { function: name.into(), why: e.to_string() })?;
        Compiled::new(name, graph)
    }

    /// The function as bytes: the same ones in every process, for equal content.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.graph.to_bytes()
    }

    /// A hash of the content: equal for equal functions and no others.
    pub fn content_hash(&self) -> [u8; 32] {
        self.0.hash
    }

    /// The same function with other words about it.
    pub fn with_doc(&self, doc: &str) -> Compiled {
        let Made { name, arguments, graph, hash, reduction, .. } = &*self.0;
        Compiled(Arc::new(Made {
            name: name.clone(),
            doc: doc.into(),
            arguments: arguments.clone(),
            graph: graph.clone(),
            hash: *hash,
            reduction: *reduction,
        }))
    }

    /// What it computes.
    pub fn graph(&self) -> &Graph {
        &self.0.graph
    }

    /// The function as one whose operands' types are known when it is called.
    pub fn untyped(&self) -> Untyped<'_> {
        Untyped {
            name: &self.0.name,
            aliases: &[],
            doc: &self.0.doc,
            arguments: Arguments::Made(&self.0.arguments),
            loops: &[],
            made: Some(&self.0),
            reduction: self.0.reduction,
            of_floats: false,
            of_numbers: false,
            rule: Rule::Nothing,
        }
    }
}

impl Made {
    pub(super) fn nout(&self) -> usize {
        self.graph.outputs().len()
    }

    fn error(&self, why: impl std::fmt::Display) -> Error {
        Error::Made { function: self.name.clone(), why: why.to_string() }
    }

    /// [`Untyped::resolve`] of a function made at run time.
    pub(super) fn resolve(
        &self,
        of: &Untyped,
        inputs: &[Type],
        fixed: &[Option<Dtype>],
        casting: Casting,
    ) -> Result<Code> {
        // Inputs are what they are asked to be, if they may be cast to that.
        let mut types: SmallVec<[Type; MAX_INPUTS]> = inputs.into();
        for (i, ty) in types.iter_mut().enumerate() {
            let own = self.graph.inputs()[i].dtype;
            let asked = fixed.get(i).copied().flatten().or(own);
            if let Some(to) = asked {
                let may = match *ty {
                    Type::Is(from) => can_cast(from, to, casting),
                    Type::Int | Type::Float => true,
                };
                if !may {
                    return Err(Error::Casting {
                        function: of.name.into(),
                        operand: format!("input {i}"),
                        from: ty.to_string(),
                        to,
                        casting,
                    });
                }
                *ty = Type::Is(to);
            }
        }
        let outputs: SmallVec<[Option<Dtype>; MAX_OUTPUTS]> =
            fixed.get(inputs.len()..).unwrap_or_default().into();
        let typed = || match self.graph.typed(&types, &Catalogue) {
            Ok(graph) => Ok(graph.giving(&outputs)),
            Err(why) => Err(self.error(why)),
        };
        let make = |graph| Body::new(graph, &Catalogue).map_err(|e| self.error(e));
        cache::body(&self.hash, &types, &outputs, typed, make).map(Code::Body)
    }
}

/// Written as its name, its documentation and its bytes; read with the same care as [`Compiled::from_bytes`].
#[cfg(feature = "serde")]
mod written {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    use super::Compiled;

    #[derive(Serialize, Deserialize)]
    struct Written {
        name: String,
        doc: String,
        bytes: Vec<u8>,
    }

    impl Serialize for Compiled {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let (name, doc) = (self.0.name.clone(), self.0.doc.clone());
            Written { name, doc, bytes: self.to_bytes() }.serialize(serializer)
        }
    }

    impl<'de> Deserialize<'de> for Compiled {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Compiled, D::Error> {
            let Written { name, doc, bytes } = Written::deserialize(deserializer)?;
            let read = Compiled::from_bytes(&name, &bytes).map_err(D::Error::custom)?;
            Ok(read.with_doc(&doc))
        }
    }
}
