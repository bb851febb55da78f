//! What `#[ufunc]` puts in the place of a function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Error, Result, parse::Parse, visit::Visit};

use crate::{
    emit::{Cost, emit, lane_type, on_var, shape_var},
    lower::{Target, lower, not_a_lane_type, refuse},
    rewrite::Rewrite,
    types::Prim,
};

/// `#[ufunc(f32, f64, busy = f32, crate = some::path)]`.
pub struct Attribute {
    dtypes: Vec<(Prim, Ident)>,
    busy: Option<Ident>,
    krate: syn::Path,
}

impl Parse for Attribute {
    fn parse(input: syn::parse::ParseStream<'_>) -> Result<Self> {
        let mut out =
            Attribute { dtypes: vec![], busy: None, krate: syn::parse_quote!(::lanefn::kernels) };
        while !input.is_empty() {
            if input.peek(syn::Token![crate]) {
                input.parse::<syn::Token![crate]>()?;
                input.parse::<syn::Token![=]>()?;
                out.krate = input.call(syn::Path::parse_mod_style)?;
            } else {
                let name: Ident = input.parse()?;
                if name == "busy" {
                    input.parse::<syn::Token![=]>()?;
                    out.busy = Some(input.parse()?);
                } else {
                    match Prim::parse(&name.to_string()) {
                        Some(prim) if prim.is_dtype() => {
                            if out.dtypes.iter().any(|(p, _)| *p == prim) {
                                return refuse(&name, "this dtype is already there");
                            }
                            out.dtypes.push((prim, name));
                        }
                        _ => {
                            return refuse(
                                &name,
                                "expected a dtype (f64, f32, i8 to i64, u8 to u64, bool), \
                                 `busy = dtype` or `crate = path`",
                            );
                        }
                    }
                }
            }
            if !input.is_empty() {
                input.parse::<syn::Token![,]>()?;
            }
        }
        Ok(out)
    }
}

/// A type in the signature.
#[derive(Clone, Copy)]
enum Slot {
    Prim(Prim),
    Parameter,
}

impl Slot {
    fn prim(self, dtype: Option<Prim>) -> Prim {
        match self {
            Slot::Prim(p) => p,
            Slot::Parameter => dtype.expect("a parameter comes with dtypes"),
        }
    }
}

struct Signature<'a> {
    parameter: Option<&'a Ident>,
    inputs: Vec<(&'a Ident, Slot)>,
    outputs: Vec<Slot>,
}

fn signature(function: &syn::ItemFn) -> Result<Signature<'_>> {
    let sig = &function.sig;
    if let Some(token) = &sig.asyncness {
        return refuse(token, "asynchronous code can't become lanes");
    }
    if let syn::Safety::Unsafe(token) = &sig.safety {
        return refuse(
            token,
            "an `unsafe` function can't become lanes: there is no memory to reach, only values",
        );
    }
    if let Some(abi) = &sig.abi {
        return refuse(abi, "a ufunc is an ordinary function; leave the ABI out");
    }
    if let Some(variadic) = &sig.variadic {
        return refuse(variadic, "a ufunc has 1 to 8 arguments");
    }
    let mut parameter = None;
    for generic in &sig.generics.params {
        match generic {
            syn::GenericParam::Type(t) if parameter.is_none() => parameter = Some(&t.ident),
            syn::GenericParam::Type(t) => {
                return refuse(
                    t,
                    "one type parameter can stand for the dtypes of a loop; write `as` to convert, or \
                     a function for each combination",
                );
            }
            syn::GenericParam::Lifetime(l) => {
                return refuse(l, "lanes are values: there are no references");
            }
            other => return refuse(other, "a ufunc can be generic over one type alone"),
        }
    }
    if let Some(clause) = &sig.generics.where_clause {
        return refuse(
            clause.where_token,
            "the dtypes in `#[ufunc(...)]` say what the parameter stands for; leave the `where` out",
        );
    }
    let slot = |ty: &syn::Type| -> Result<Slot> {
        if let syn::Type::Path(p) = ungroup(ty)
            && p.qself.is_none()
            && let Some(name) = p.path.get_ident()
        {
            if Some(name) == parameter {
                return Ok(Slot::Parameter);
            }
            match Prim::parse(&name.to_string()) {
                Some(prim) if prim.is_dtype() => return Ok(Slot::Prim(prim)),
                Some(prim) => {
                    return refuse(
                        ty,
                        format!(
                            "the width of `{}` depends on the machine; write `{}64`",
                            prim.name(),
                            if prim == Prim::Usize { 'u' } else { 'i' }
                        ),
                    );
                }
                None => {}
            }
        }
        refuse(ty, not_a_lane_type(ty))
    };
    let mut inputs = vec![];
    for input in &sig.inputs {
        match input {
            syn::FnArg::Receiver(r) => {
                return refuse(
                    r.self_token,
                    "a method can't become lanes, which hold numbers; write a function whose \
                     arguments are the fields",
                );
            }
            syn::FnArg::Typed(t) => match &*t.pat {
                syn::Pat::Ident(p) if p.by_ref.is_none() && p.subpat.is_none() => {
                    inputs.push((&p.ident, slot(&t.ty)?));
                }
                pat => return refuse(pat, "an argument needs a name: it is part of the signature"),
            },
        }
    }
    if inputs.is_empty() {
        return refuse(&sig.ident, "a ufunc has 1 to 8 arguments, one for each input");
    }
    if inputs.len() > 8 {
        return refuse(inputs[8].0, "a ufunc has 8 arguments at most");
    }
    let outputs = match &sig.output {
        syn::ReturnType::Default => {
            return refuse(
                &sig.ident,
                "a ufunc gives a value back: write `-> f64`, or a tuple for several outputs",
            );
        }
        syn::ReturnType::Type(_, ty) => match ungroup(ty) {
            syn::Type::Tuple(t) if t.elems.len() >= 2 => {
                if t.elems.len() > 4 {
                    return refuse(&t.elems[4], "a ufunc has 4 outputs at most");
                }
                t.elems.iter().map(slot).collect::<Result<Vec<_>>>()?
            }
            syn::Type::Tuple(t) => {
                return refuse(t, "a ufunc gives a number back, or a tuple of 2 to 4 numbers");
            }
            ty => vec![slot(ty)?],
        },
    };
    Ok(Signature { parameter, inputs, outputs })
}

fn ungroup(ty: &syn::Type) -> &syn::Type {
    match ty {
        syn::Type::Group(g) => ungroup(&g.elem),
        syn::Type::Paren(g) => ungroup(&g.elem),
        ty => ty,
    }
}

/// One loop of the function.
struct Instance {
    dtype: Option<Prim>,
    within: TokenStream,
    cost: TokenStream,
    plain: syn::Block,
}

/// The whole of it.
pub fn expand(attribute: Attribute, function: syn::ItemFn) -> TokenStream {
    match try_expand(&attribute, &function) {
        Ok(tokens) => tokens,
        Err(error) => {
            let errors = error.to_compile_error();
            // The name stays, so that there is one error and not one at each use.
            let plain = function.sig.generics.params.is_empty().then(|| {
                let (attrs, vis, sig) = (&function.attrs, &function.vis, &function.sig);
                quote!(#(#attrs)* #[allow(warnings)] #vis #sig { ::core::unreachable!() })
            });
            quote!(#errors #plain)
        }
    }
}

fn try_expand(attribute: &Attribute, function: &syn::ItemFn) -> Result<TokenStream> {
    let sig = signature(function)?;
    match (sig.parameter, attribute.dtypes.first()) {
        (Some(parameter), None) => {
            return refuse(
                parameter,
                format!(
                    "`{parameter}` stands for no dtype yet; say which in the attribute, as in \
                     `#[ufunc(f32, f64)]`"
                ),
            );
        }
        (None, Some((_, dtype))) => {
            return refuse(
                dtype,
                "nothing stands for the dtypes; write `fn name<T: Real>(x: T) -> T`",
            );
        }
        _ => {}
    }
    if let Some(parameter) = sig.parameter
        && !sig.inputs.iter().any(|(_, slot)| matches!(slot, Slot::Parameter))
    {
        return refuse(parameter, "no argument has this type, so the inputs can't decide it");
    }
    let dtypes: Vec<Option<Prim>> = match sig.parameter {
        None => vec![None],
        Some(_) => attribute.dtypes.iter().map(|(p, _)| Some(*p)).collect(),
    };

    let mut instances = vec![];
    let mut errors: Option<Error> = None;
    for dtype in &dtypes {
        match instance(attribute, function, &sig, *dtype) {
            Ok(instance) => instances.push(instance),
            Err(error) => {
                // The copies differ in literals alone; one report of each error is enough.
                if errors.is_none() {
                    errors = Some(error);
                }
            }
        }
    }
    if let Some(error) = errors {
        return Err(error);
    }

    let krate = &attribute.krate;
    let name = &function.sig.ident;
    let vis = &function.vis;
    let (s, on) = (shape_var(), on_var());
    let carried: Vec<_> = function
        .attrs
        .iter()
        .filter(|a| ["cfg", "allow", "expect", "deprecated"].iter().any(|n| a.path().is_ident(n)))
        .collect();
    let docs: Vec<_> = function.attrs.iter().filter(|a| a.path().is_ident("doc")).collect();
    let own_doc = docs.is_empty().then(|| {
        let text = format!("The ufunc `{name}`.");
        quote!(#[doc = #text])
    });
    let quiet = quote! {
        #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
    };

    // The plain function, and the loops' one source.
    let arguments: Vec<&Ident> = sig.inputs.iter().map(|(name, _)| *name).collect();
    let (plain, inherent) = match sig.parameter {
        None => {
            let Instance { within, cost, .. } = &instances[0];
            let inputs = sig.inputs.iter().map(|(_, slot)| lane_type(slot.prim(None)));
            let inputs: Vec<_> = inputs.collect();
            let out = out_lanes(&sig, None);
            let inherent = quote! {
                #[doc(hidden)]
                pub const COST: u32 = #cost;

                /// The function, lane by lane.
                #[inline(always)]
                pub fn lanes<__S: #krate::lanes::Shape>(#s: __S, #(#arguments: #inputs),*) -> #out {
                    Self::within(#s, #krate::ops::All, #(#arguments),*)
                }

                #[doc(hidden)]
                #[inline(always)]
                #within
            };
            (quote!(#[allow(dead_code)] #function), inherent)
        }
        Some(parameter) => {
            let serves = serves(name);
            let vis = &function.vis;
            let mut plain_sig = function.sig.clone();
            for generic in &mut plain_sig.generics.params {
                if let syn::GenericParam::Type(t) = generic {
                    t.colon_token = Some(Default::default());
                    t.bounds = syn::parse_quote!(#serves);
                }
            }
            for input in &mut plain_sig.inputs {
                if let syn::FnArg::Typed(t) = input
                    && let syn::Pat::Ident(p) = &mut *t.pat
                {
                    p.mutability = None;
                }
            }
            let attrs = &function.attrs;
            // The declaration, on elements and on lanes, with `Self` for the parameter.
            let element = |slot: &Slot| match slot {
                Slot::Prim(p) => Ident::new(p.name(), Span::call_site()).to_token_stream(),
                Slot::Parameter => quote!(Self),
            };
            let lane = |slot: &Slot| match slot {
                Slot::Prim(p) => lane_type(*p),
                Slot::Parameter => quote!(<Self as #krate::lanes::Element>::Lane<__S>),
            };
            let general = |slot: &Slot| match slot {
                Slot::Prim(p) => lane_type(*p),
                Slot::Parameter => quote!(__V),
            };
            let ins: Vec<_> = sig.inputs.iter().map(|(_, slot)| element(slot)).collect();
            let out = tuple(sig.outputs.iter().map(element).collect());
            let lane_ins: Vec<_> = sig.inputs.iter().map(|(_, slot)| lane(slot)).collect();
            let lane_out = tuple(sig.outputs.iter().map(lane).collect());
            let general_ins: Vec<_> = sig.inputs.iter().map(|(_, slot)| general(slot)).collect();
            let general_out = tuple(sig.outputs.iter().map(general).collect());
            let list = attribute
                .dtypes
                .iter()
                .map(|(p, _)| format!("`{}`", p.name()))
                .collect::<Vec<_>>()
                .join(", ");
            let message = format!("`{name}` has no loop for `{{Self}}`");
            let label = format!("`{name}` is for {list}");
            let impls = instances.iter().map(|instance| {
                let Instance { dtype, within, cost, plain } = instance;
                let dtype = dtype.expect("a parameter comes with dtypes");
                let dtype_name = Ident::new(dtype.name(), Span::call_site());
                let mut args = function.sig.inputs.clone();
                for input in &mut args {
                    if let syn::FnArg::Typed(t) = input {
                        let target = Target { parameter: Some((parameter, dtype)), name };
                        Rewrite::types_only(&target).ty(&mut t.ty);
                    }
                }
                let mut output = function.sig.output.clone();
                if let syn::ReturnType::Type(_, ty) = &mut output {
                    let target = Target { parameter: Some((parameter, dtype)), name };
                    Rewrite::types_only(&target).ty(ty);
                }
                let kept = attrs
                    .iter()
                    .filter(|a| a.path().is_ident("allow") || a.path().is_ident("expect"));
                quote! {
                    #(#carried)*
                    impl #serves for #dtype_name {
                        #(#kept)*
                        #[allow(unused_comparisons, clippy::all)]
                        #[inline]
                        fn plain(#args) #output #plain

                        const COST: u32 = #cost;

                        #[allow(warnings, clippy::all)]
                        #[inline(always)]
                        #within
                    }
                }
            });
            let first = Ident::new(attribute.dtypes[0].0.name(), Span::call_site());
            let plain = quote! {
                #(#attrs)*
                #[allow(dead_code)]
                #[inline]
                #vis #plain_sig {
                    <#parameter as #serves>::plain(#(#arguments),*)
                }

                #(#carried)*
                #[doc(hidden)]
                #[allow(non_camel_case_types)]
                #[diagnostic::on_unimplemented(message = #message, label = #label)]
                #vis trait #serves: #krate::lanes::Element {
                    fn plain(#(#arguments: #ins),*) -> #out;
                    const COST: u32;
                    fn within<__S: #krate::lanes::Shape, __A: #krate::ops::Active<__S>>(
                        #s: __S,
                        #on: __A,
                        #(#arguments: #lane_ins),*
                    ) -> #lane_out;
                }

                #(#impls)*
            };
            let bounds = quote! {
                where
                    __V: #krate::lanes::Lane<Shape = __S>,
                    __V::Elem: #krate::lanes::Element<Lane<__S> = __V> + #serves,
            };
            let inherent = quote! {
                #[doc(hidden)]
                pub const COST: u32 = <#first as #serves>::COST;

                /// The function, lane by lane.
                #[inline(always)]
                pub fn lanes<__S: #krate::lanes::Shape, __V>(
                    #s: __S,
                    #(#arguments: #general_ins),*
                ) -> #general_out
                #bounds
                {
                    Self::within(#s, #krate::ops::All, #(#arguments),*)
                }

                #[doc(hidden)]
                #[inline(always)]
                pub fn within<__S: #krate::lanes::Shape, __A: #krate::ops::Active<__S>, __V>(
                    #s: __S,
                    #on: __A,
                    #(#arguments: #general_ins),*
                ) -> #general_out
                #bounds
                {
                    <__V::Elem as #serves>::within(#s, #on, #(#arguments),*)
                }
            };
            (plain, inherent)
        }
    };

    // One kernel for each signature.
    let mut kernels = vec![];
    let mut loops = vec![];
    for instance in &instances {
        let element = |slot: &Slot| {
            Ident::new(slot.prim(instance.dtype).name(), Span::call_site()).to_token_stream()
        };
        let ins: Vec<_> = sig.inputs.iter().map(|(_, slot)| element(slot)).collect();
        let outs: Vec<_> = sig.outputs.iter().map(element).collect();
        let busy = busy(attribute, &sig, instance.dtype)?;
        let cost = match instance.dtype {
            None => quote!(<#name>::COST),
            Some(dtype) => {
                let serves = serves(name);
                let dtype = Ident::new(dtype.name(), Span::call_site());
                quote!(<#dtype as #serves>::COST)
            }
        };
        // Two inputs and an output of one dtype: it folds.
        let fold = (ins.len() == 2 && outs.len() == 1)
            .then(|| [&ins[0], &ins[1], &outs[0]].map(|t| t.to_string()))
            .filter(|[a, b, c]| a == b && b == c)
            .map(|_| quote!(.folding()));
        let call = quote!(#name::within(#s, #krate::ops::All, #(#arguments),*));
        let call = if outs.len() == 1 { quote!((#call,)) } else { call };
        kernels.push(quote! {
            #(#carried)*
            #quiet
            impl #krate::loops::Kernel<(#(#ins,)*)> for #name {
                type Out = (#(#outs,)*);
                type Busy = #busy;
                const COST: u32 = #cost;
                const LOOP: &'static #krate::loops::TypedLoop<Self, (#(#ins,)*)> =
                    #krate::the_loop!(#name, (#(#ins,)*), #krate::loops::TypedLoop::new()#fold);
                #[inline(always)]
                fn lanes<__S: #krate::lanes::Shape>(
                    #s: __S,
                    (#(#arguments,)*): <(#(#ins,)*) as #krate::loops::Operands>::Lanes<__S>,
                ) -> <(#(#outs,)*) as #krate::loops::Operands>::Lanes<__S> {
                    #call
                }
            }
        });
        loops.push(quote!(<#name as #krate::loops::Kernel<(#(#ins,)*)>>::LOOP.erase()));
    }

    let text = name.to_string();
    let text = text.trim_start_matches("r#");
    let doc = first_line(&docs);
    let argument_names =
        arguments.iter().map(|a| a.to_string().trim_start_matches("r#").to_string());
    Ok(quote! {
        #plain

        #(#docs)*
        #own_doc
        #(#carried)*
        #[allow(non_camel_case_types)]
        #vis enum #name {}

        #(#carried)*
        #quiet
        impl #name {
            #inherent
        }

        #(#kernels)*

        #(#carried)*
        impl #krate::loops::Function for #name {
            const NAME: &'static str = #text;
            const DOC: &'static str = #doc;
            const ARGUMENTS: &'static [&'static str] = &[#(#argument_names),*];
            const LOOPS: &'static [&'static #krate::loops::Loop] = &[#(#loops),*];
        }
    })
}

/// The name of the hidden trait that a function's dtypes have.
fn serves(name: &Ident) -> Ident {
    let text = name.to_string();
    Ident::new(&format!("__serves_{}", text.trim_start_matches("r#")), name.span())
}

fn tuple(parts: Vec<TokenStream>) -> TokenStream {
    match &parts[..] {
        [one] => one.clone(),
        many => quote!((#(#many),*)),
    }
}

fn out_lanes(sig: &Signature<'_>, dtype: Option<Prim>) -> TokenStream {
    tuple(sig.outputs.iter().map(|slot| lane_type(slot.prim(dtype))).collect())
}

/// Lowers and emits the function for a dtype.
fn instance(
    attribute: &Attribute,
    function: &syn::ItemFn,
    sig: &Signature<'_>,
    dtype: Option<Prim>,
) -> Result<Instance> {
    let krate = &attribute.krate;
    let name = &function.sig.ident;
    let parameter = match (sig.parameter, dtype) {
        (Some(parameter), Some(dtype)) => Some((parameter, dtype)),
        _ => None,
    };
    let target = Target { parameter, name };
    let params: Vec<(&Ident, Prim)> =
        sig.inputs.iter().map(|(name, slot)| (*name, slot.prim(dtype))).collect();
    let outputs: Vec<Prim> = sig.outputs.iter().map(|slot| slot.prim(dtype)).collect();
    let lowered = lower(&target, &params, &outputs, &function.block)?;
    let emitted = emit(&lowered, &target, krate);

    let (s, on) = (shape_var(), on_var());
    let idents = lowered.params.iter().map(|v| &lowered.vars[*v].ident);
    let lanes = params.iter().map(|(_, prim)| lane_type(*prim));
    let out = out_lanes(sig, dtype);
    let body = emitted.body;
    let vis = parameter.is_none().then(|| quote!(pub));
    let within = quote! {
        #vis fn within<__S: #krate::lanes::Shape, __A: #krate::ops::Active<__S>>(
            #s: __S,
            #on: __A,
            #(mut #idents: #lanes),*
        ) -> #out {
            #body
        }
    };
    let mut plain = (*function.block).clone();
    Rewrite::new(&target, &lowered.literals, &lowered.types, |v| v.visit_block(&function.block))
        .block(&mut plain);
    Ok(Instance { dtype, within, cost: cost(&emitted.cost), plain })
}

fn cost(cost: &Cost) -> TokenStream {
    let fixed = u32::try_from(cost.fixed.max(1)).unwrap_or(u32::MAX);
    let mut out = quote!(#fixed);
    for (times, path) in &cost.helpers {
        let times = u32::try_from(*times).unwrap_or(u32::MAX);
        out = quote!(#out.saturating_add(#path::COST.saturating_mul(#times)));
    }
    out
}

/// The element type that decides the number of lanes: the widest of the signature, booleans aside.
fn busy(attribute: &Attribute, sig: &Signature<'_>, dtype: Option<Prim>) -> Result<TokenStream> {
    let prim = match &attribute.busy {
        Some(name) if sig.parameter == Some(name) => dtype.expect("a parameter comes with dtypes"),
        Some(name) => match Prim::parse(&name.to_string()) {
            Some(prim) if prim.is_dtype() => prim,
            _ => return refuse(name, "expected a dtype: f64, f32, i8 to i64, u8 to u64 or bool"),
        },
        None => {
            let slots = sig.inputs.iter().map(|(_, s)| s).chain(&sig.outputs);
            let mut widest = Prim::Bool;
            for prim in slots.map(|s| s.prim(dtype)) {
                if prim.size() > widest.size() || (widest == Prim::Bool && prim != Prim::Bool) {
                    widest = prim;
                }
            }
            widest
        }
    };
    Ok(Ident::new(prim.name(), Span::call_site()).to_token_stream())
}

/// The first paragraph of the documentation.
fn first_line(docs: &[&syn::Attribute]) -> String {
    let mut text = String::new();
    for doc in docs {
        let syn::Meta::NameValue(meta) = &doc.meta else { continue };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(line), .. }) = &meta.value else {
            continue;
        };
        // An attribute is a line, or a whole block of them.
        for line in line.value().split('\n') {
            let line = line.trim();
            if line.is_empty() && !text.is_empty() {
                return text;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(line);
        }
    }
    text
}
