//! The plain copy of a function for one dtype: the dtype for the type parameter, and its suffix on the
//! literals that have its type.

use std::collections::{HashMap, VecDeque};

use syn::{
    visit::Visit,
    visit_mut::{self, VisitMut},
};

use crate::{
    lower::Target,
    types::{Known, Prim, Ty, Types},
};

/// A rewriting of one piece of syntax.
pub struct Rewrite<'a> {
    target: &'a Target<'a>,
    /// The suffix of each literal, in the order of the text.
    suffixes: VecDeque<Option<Prim>>,
}

struct Suffixes<'a> {
    literals: &'a HashMap<usize, Ty>,
    types: &'a Types,
    dtype: Option<Prim>,
    out: VecDeque<Option<Prim>>,
}

/// What collects the literals of the original.
pub struct Collect<'a, 'b>(&'b mut Suffixes<'a>);

impl<'ast> Visit<'ast> for Collect<'_, '_> {
    fn visit_lit(&mut self, lit: &'ast syn::Lit) {
        let suffix = self
            .0
            .literals
            .get(&(std::ptr::from_ref(lit) as usize))
            .and_then(|ty| suffix(self.0.types, *ty, self.0.dtype?));
        self.0.out.push_back(suffix);
    }
}

/// The suffix that a literal needs in the copy for a dtype.
pub fn suffix(types: &Types, ty: Ty, dtype: Prim) -> Option<Prim> {
    match types.known(ty) {
        Known::Prim(p) => Some(*p),
        // What the compiler alone knows is most likely the dtype.
        _ if types.is_opaque(ty) && !types.is_count(ty) => Some(dtype),
        _ => None,
    }
}

/// A literal with a suffix.
pub fn with_suffix(lit: &syn::Lit, prim: Prim) -> syn::Lit {
    let digits = match lit {
        syn::Lit::Int(n) => n.base10_digits().to_string(),
        syn::Lit::Float(n) => {
            let digits = n.base10_digits();
            if digits.ends_with('.') { format!("{digits}0") } else { digits.to_string() }
        }
        _ => return lit.clone(),
    };
    // An integer type on a float literal is the compiler's to refuse.
    if matches!(lit, syn::Lit::Float(_)) && !prim.is_float() {
        return lit.clone();
    }
    let Ok(mut out) = syn::parse_str::<syn::Lit>(&format!("{digits}{}", prim.name())) else {
        return lit.clone();
    };
    out.set_span(lit.span());
    out
}

impl<'a> Rewrite<'a> {
    /// `show` shows the original, whose literals the maps are about.
    pub fn new(
        target: &'a Target<'a>,
        literals: &HashMap<usize, Ty>,
        types: &Types,
        show: impl FnOnce(&mut Collect<'_, '_>),
    ) -> Self {
        let dtype = target.parameter.map(|(_, dtype)| dtype);
        let mut suffixes = Suffixes { literals, types, dtype, out: VecDeque::new() };
        show(&mut Collect(&mut suffixes));
        Rewrite { target, suffixes: suffixes.out }
    }

    /// A rewriting of types and paths.
    pub fn types_only(target: &'a Target<'a>) -> Self {
        Rewrite { target, suffixes: VecDeque::new() }
    }

    pub fn ty(mut self, ty: &mut syn::Type) {
        self.visit_type_mut(ty);
    }

    pub fn path(mut self, path: &mut syn::Path) {
        self.visit_path_mut(path);
    }

    pub fn item(mut self, item: &mut syn::Item) {
        self.visit_item_mut(item);
    }

    pub fn block(mut self, block: &mut syn::Block) {
        self.visit_block_mut(block);
    }
}

impl VisitMut for Rewrite<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        if let (Some((parameter, dtype)), Some(first)) =
            (self.target.parameter, path.segments.first_mut())
            && first.ident == *parameter
        {
            first.ident = syn::Ident::new(dtype.name(), first.ident.span());
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_lit_mut(&mut self, lit: &mut syn::Lit) {
        if let Some(Some(prim)) = self.suffixes.pop_front() {
            *lit = with_suffix(lit, prim);
        }
    }
}
