//! From Rust's syntax to [`hir`](crate::hir): names resolved, types inferred as far as needed, and
//! everything that can't become lanes refused at the token concerned.

use std::collections::HashMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Error, Result, spanned::Spanned, visit::Visit};

use crate::{
    hir::*,
    methods::{self, Of},
    rewrite::Rewrite,
    types::{Known, Prim, Ty, Types},
};

/// What a function is lowered for.
pub struct Target<'a> {
    /// The type parameter and the dtype that stands for it.
    pub parameter: Option<(&'a Ident, Prim)>,
    /// The function's own name.
    pub name: &'a Ident,
}

/// A function, lowered.
pub struct Function {
    pub params: Vec<VarId>,
    pub body: Block,
    pub vars: Vec<Var>,
    pub types: Types,
    /// The type of each unsuffixed literal, by its address in the syntax tree.
    pub literals: HashMap<usize, Ty>,
}

struct Loop {
    label: Option<String>,
    frame: FrameId,
}

#[derive(Clone, Copy)]
enum Name {
    Var(VarId),
    /// A constant declared in the function, with the type of its elements if it is a table.
    Const(Ty),
    Import,
}

struct Lower<'a> {
    target: &'a Target<'a>,
    types: Types,
    vars: Vec<Var>,
    names: HashMap<String, usize>,
    scopes: Vec<HashMap<String, Name>>,
    loops: Vec<Loop>,
    frames: usize,
    literals: HashMap<usize, Ty>,
    output: Ty,
    errors: Option<Error>,
    failures: usize,
}

/// Lowers the body of a function with these parameters and this result.
pub fn lower(
    target: &Target<'_>,
    params: &[(&Ident, Prim)],
    outputs: &[Prim],
    block: &syn::Block,
) -> Result<Function> {
    let mut types = Types::default();
    let output = match outputs {
        [one] => types.prim(*one),
        many => {
            let parts = many.iter().map(|p| types.prim(*p)).collect();
            types.tuple(parts)
        }
    };
    let mut lower = Lower {
        target,
        types,
        vars: vec![],
        names: HashMap::new(),
        scopes: vec![HashMap::new()],
        loops: vec![],
        frames: 0,
        literals: HashMap::new(),
        output,
        errors: None,
        failures: 0,
    };
    let params = params
        .iter()
        .map(|(ident, prim)| {
            let ty = lower.types.prim(*prim);
            lower.declare(ident, ty, What::Lanes)
        })
        .collect();
    let body = lower.block(block);
    let end = lower.block_type(&body);
    lower.types.unify(end, output);
    let body = straighten(body);
    lower.check_literals(block);
    match lower.errors {
        Some(error) => Err(error),
        None => Ok(Function {
            params,
            body,
            vars: lower.vars,
            types: lower.types,
            literals: lower.literals,
        }),
    }
}

/// An error at these tokens.
pub fn refuse<T>(at: impl ToTokens, message: impl std::fmt::Display) -> Result<T> {
    Err(Error::new_spanned(at, message))
}

/// The name of a path that is one identifier.
fn single(path: &syn::Path) -> Option<&Ident> {
    path.get_ident()
}

fn address(lit: &syn::Lit) -> usize {
    std::ptr::from_ref(lit) as usize
}

/// An integer literal's value.
fn whole(e: &syn::Expr) -> Option<i64> {
    match e {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(n), .. }) => n.base10_parse().ok(),
        syn::Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => {
            whole(expr).map(|n| -n)
        }
        syn::Expr::Paren(p) => whole(&p.expr),
        syn::Expr::Group(g) => whole(&g.expr),
        _ => None,
    }
}

impl Lower<'_> {
    fn error(&mut self, error: Error) {
        self.failures += 1;
        match &mut self.errors {
            Some(all) => all.combine(error),
            none => *none = Some(error),
        }
    }

    // ---- names -----------------------------------------------------------------------------------

    fn declare(&mut self, ident: &Ident, ty: Ty, what: What) -> VarId {
        self.declare_as(ident, ty, what, false)
    }

    /// A variable that the user has not written; it has no name to be found by.
    fn temporary(&mut self, name: &str, span: Span, ty: Ty, what: What) -> VarId {
        self.scopes.push(HashMap::new());
        let var = self.declare_as(&Ident::new(name, span), ty, what, true);
        self.scopes.pop();
        var
    }

    fn declare_as(&mut self, ident: &Ident, ty: Ty, what: What, internal: bool) -> VarId {
        let name = ident.to_string();
        let base = name.trim_start_matches("r#").to_string();
        let count = self.names.entry(base.clone()).or_insert(0);
        *count += 1;
        // A variable of its own for each declaration. The first one keeps its name, in the user's own
        // hygiene; the others have the macro's, where nobody else names anything.
        let first = *count == 1 && !name.starts_with("r#") && !internal;
        let ident = if first {
            ident.clone()
        } else {
            let span = ident.span().resolved_at(Span::mixed_site());
            Ident::new(&format!("{base}__{count}"), span)
        };
        let id = self.vars.len();
        let depth = self.loops.len();
        self.vars.push(Var { ident, ty, what, depth });
        self.scope().insert(name, Name::Var(id));
        id
    }

    fn scope(&mut self) -> &mut HashMap<String, Name> {
        self.scopes.last_mut().expect("the function's own scope is never left")
    }

    fn find(&self, name: &Ident) -> Option<Name> {
        let name = name.to_string();
        self.scopes.iter().rev().find_map(|scope| scope.get(&name)).copied()
    }

    fn var(&self, id: VarId, span: Span) -> Expr {
        let var = &self.vars[id];
        Expr { kind: Kind::Var(id), ty: var.ty, uniform: var.what == What::Uniform, span }
    }

    // ---- types -----------------------------------------------------------------------------------

    fn prim_of_path(&self, path: &syn::Path) -> Option<Prim> {
        self.prim_of_ident(single(path)?)
    }

    fn prim_of_ident(&self, ident: &Ident) -> Option<Prim> {
        match self.target.parameter {
            Some((parameter, prim)) if ident == parameter => Some(prim),
            _ => Prim::parse(&ident.to_string()),
        }
    }

    /// A type that someone wrote.
    fn annotation(&mut self, ty: &syn::Type) -> Result<Ty> {
        match ty {
            syn::Type::Group(g) => self.annotation(&g.elem),
            syn::Type::Paren(p) => self.annotation(&p.elem),
            syn::Type::Infer(_) => Ok(self.types.fresh()),
            syn::Type::Tuple(t) => {
                let parts = t.elems.iter().map(|t| self.annotation(t)).collect::<Result<_>>()?;
                Ok(self.types.tuple(parts))
            }
            syn::Type::Path(p) if p.qself.is_none() => match self.prim_of_path(&p.path) {
                Some(prim) => Ok(self.types.prim(prim)),
                None => refuse(ty, not_a_lane_type(ty)),
            },
            _ => refuse(ty, not_a_lane_type(ty)),
        }
    }

    /// The type of a constant's elements; anything goes, as constants are the compiler's.
    fn const_type(&mut self, ty: &syn::Type) -> Ty {
        match ty {
            syn::Type::Array(a) => self.const_type(&a.elem),
            syn::Type::Slice(a) => self.const_type(&a.elem),
            syn::Type::Reference(r) => self.const_type(&r.elem),
            syn::Type::Group(g) => self.const_type(&g.elem),
            syn::Type::Paren(g) => self.const_type(&g.elem),
            syn::Type::Path(p) => match self.prim_of_path(&p.path) {
                Some(prim) => self.types.prim(prim),
                None => self.types.opaque(),
            },
            _ => self.types.opaque(),
        }
    }

    fn bool_type(&mut self) -> Ty {
        self.types.prim(Prim::Bool)
    }

    /// In a copy for one dtype: every literal can have the type that it has.
    fn check_literals(&mut self, block: &syn::Block) {
        let Some((parameter, dtype)) = self.target.parameter else { return };
        let dtype_name = dtype.name();
        struct Floats<'a>(Vec<&'a syn::Lit>);
        impl<'a> Visit<'a> for Floats<'a> {
            fn visit_lit(&mut self, lit: &'a syn::Lit) {
                if matches!(lit, syn::Lit::Float(_)) {
                    self.0.push(lit);
                }
            }
        }
        let mut floats = Floats(vec![]);
        floats.visit_block(block);
        for lit in floats.0 {
            let Some(ty) = self.literals.get(&address(lit)).copied() else { continue };
            let is_integer = match self.types.known(ty) {
                Known::Prim(p) => p.is_integer() && *p == dtype,
                _ => self.types.is_opaque(ty) && dtype.is_integer(),
            };
            if is_integer {
                self.error(Error::new_spanned(
                    lit,
                    format!(
                        "a float literal can't be an `{dtype_name}`, which `{parameter}` is in one \
                         copy of this function; write a whole number, or leave the integer dtypes \
                         out of `#[ufunc(...)]`"
                    ),
                ));
            }
        }
    }

    // ---- blocks and statements -------------------------------------------------------------------

    fn block(&mut self, block: &syn::Block) -> Block {
        self.scopes.push(HashMap::new());
        let mut out = Block::default();
        let last = block.stmts.len().wrapping_sub(1);
        for (i, stmt) in block.stmts.iter().enumerate() {
            match stmt {
                syn::Stmt::Expr(e, None) if i == last => match self.flow(e) {
                    Ok(e) => out.tail = Some(Box::new(e)),
                    Err(error) => self.error(error),
                },
                _ => {
                    if let Err(error) = self.stmt(stmt, &mut out.stmts) {
                        self.error(error);
                    }
                }
            }
        }
        self.scopes.pop();
        out
    }

    /// The type of a block's value; anything where it has none because it never ends.
    fn block_type(&mut self, block: &Block) -> Ty {
        match (&block.tail, block.stmts.last()) {
            (Some(tail), _) => tail.ty,
            (None, Some(Stmt::Expr(e))) if diverges(e) => self.types.fresh(),
            _ => self.types.unit(),
        }
    }

    fn stmt(&mut self, stmt: &syn::Stmt, out: &mut Vec<Stmt>) -> Result<()> {
        match stmt {
            syn::Stmt::Local(local) => self.local(local, out),
            syn::Stmt::Expr(e, _) => {
                let e = self.flow(e)?;
                out.push(Stmt::Expr(e));
                Ok(())
            }
            syn::Stmt::Macro(m) => self.macro_call(&m.mac),
            syn::Stmt::Item(item) => self.item(item, out),
        }
    }

    fn item(&mut self, item: &syn::Item, out: &mut Vec<Stmt>) -> Result<()> {
        let (ident, ty) = match item {
            syn::Item::Const(c) => {
                let ty = self.const_type(&c.ty);
                self.const_literals(&c.expr, ty);
                (&c.ident, ty)
            }
            syn::Item::Static(c) => {
                if !matches!(c.mutability, syn::StaticMutability::None) {
                    return refuse(
                        c.static_token,
                        "a kernel can't change a `static`: its lanes run in any order and on any \
                         thread; give the value back as an output",
                    );
                }
                let ty = self.const_type(&c.ty);
                self.const_literals(&c.expr, ty);
                (&c.ident, ty)
            }
            syn::Item::Use(u) => {
                let mut names = vec![];
                imports(&u.tree, &mut names);
                for name in names {
                    self.scope().insert(name, Name::Import);
                }
                out.push(Stmt::Item(item.to_token_stream()));
                return Ok(());
            }
            syn::Item::Fn(f) => {
                return refuse(
                    f.sig.fn_token,
                    "a function inside can't become lanes; write it beside this one, with \
                     `#[ufunc]` of its own",
                );
            }
            syn::Item::Macro(m) => return self.macro_call(&m.mac),
            other => {
                return refuse(
                    other,
                    "only `const`, `static` and `use` can be declared inside: lanes hold numbers, \
                     booleans and tuples of them",
                );
            }
        };
        self.scope().insert(ident.to_string(), Name::Const(ty));
        let mut copy = item.clone();
        Rewrite::new(self.target, &self.literals, &self.types, |v| v.visit_item(item))
            .item(&mut copy);
        out.push(Stmt::Item(copy.to_token_stream()));
        Ok(())
    }

    /// The literals of a constant have its type, but for array lengths and indices.
    fn const_literals(&mut self, e: &syn::Expr, ty: Ty) {
        match e {
            syn::Expr::Lit(l) => {
                self.literal_type(&l.lit, Some(ty));
            }
            syn::Expr::Array(a) => a.elems.iter().for_each(|e| self.const_literals(e, ty)),
            syn::Expr::Repeat(r) => self.const_literals(&r.expr, ty),
            syn::Expr::Reference(r) => self.const_literals(&r.expr, ty),
            syn::Expr::Unary(u) => self.const_literals(&u.expr, ty),
            syn::Expr::Paren(p) => self.const_literals(&p.expr, ty),
            syn::Expr::Group(p) => self.const_literals(&p.expr, ty),
            syn::Expr::Tuple(t) => t.elems.iter().for_each(|e| self.const_literals(e, ty)),
            syn::Expr::Binary(b) => {
                self.const_literals(&b.left, ty);
                self.const_literals(&b.right, ty);
            }
            _ => {}
        }
    }

    fn local(&mut self, local: &syn::Local, out: &mut Vec<Stmt>) -> Result<()> {
        let (pat, annotated) = match &local.pat {
            syn::Pat::Type(t) => (&*t.pat, Some(&*t.ty)),
            pat => (pat, None),
        };
        if let Some(init) = &local.init
            && let Some((els, _)) = &init.diverge
        {
            return refuse(els, "`let ... else` can't become lanes; write `if` or `match`");
        }
        let init = local.init.as_ref().map(|i| strip(&i.expr));
        // A table.
        if let Some(syn::Expr::Array(_) | syn::Expr::Repeat(_)) = init {
            return self.local_table(pat, annotated, init.expect("it was just seen"), out);
        }
        let ty = match annotated {
            Some(ty) => self.annotation(ty)?,
            None => self.types.fresh(),
        };
        let init = match init {
            Some(e) => {
                let e = self.flow(e)?;
                self.types.unify(ty, e.ty);
                Some(e)
            }
            None => None,
        };
        let uniform = init.as_ref().is_some_and(|e| e.uniform);
        let binding = self.binding(pat, ty, uniform)?;
        let annotation = annotated.map(|ty| {
            let mut ty = ty.clone();
            Rewrite::types_only(self.target).ty(&mut ty);
            ty.to_token_stream()
        });
        out.push(Stmt::Let(binding, annotation, init));
        Ok(())
    }

    fn local_table(
        &mut self,
        pat: &syn::Pat,
        annotated: Option<&syn::Type>,
        init: &syn::Expr,
        out: &mut Vec<Stmt>,
    ) -> Result<()> {
        let syn::Pat::Ident(name) = pat else {
            return refuse(pat, "a table needs a name");
        };
        if let Some(mutable) = &name.mutability {
            return refuse(
                mutable,
                "an array that changes can't become lanes, as every lane would need one of its own; \
                 write a variable for each element",
            );
        }
        let ty = match annotated {
            Some(ty) => self.const_type(ty),
            None => self.types.fresh(),
        };
        let mut elements = vec![];
        match init {
            syn::Expr::Array(a) => {
                for e in &a.elems {
                    elements.push(self.table_element(e, ty)?);
                }
            }
            syn::Expr::Repeat(r) => {
                let Some(n) = whole(&r.len).filter(|n| (0..=4096).contains(n)) else {
                    return refuse(&r.len, "a table's length must be a literal here");
                };
                for _ in 0..n {
                    elements.push(self.table_element(&r.expr, ty)?);
                }
            }
            _ => unreachable!("only arrays come here"),
        }
        let var = self.declare(&name.ident, ty, What::Table);
        let annotation = match annotated {
            Some(ty) => {
                let mut ty = ty.clone();
                Rewrite::types_only(self.target).ty(&mut ty);
                quote!(: #ty)
            }
            None => quote!(),
        };
        out.push(Stmt::LetTable(var, annotation, elements));
        Ok(())
    }

    fn table_element(&mut self, e: &syn::Expr, ty: Ty) -> Result<Expr> {
        let element = self.operand(e)?;
        self.types.unify(ty, element.ty);
        if !element.uniform {
            return refuse(
                e,
                "a table's elements must be the same in every lane: constants; for values that \
                 differ write a variable each",
            );
        }
        Ok(element)
    }

    fn binding(&mut self, pat: &syn::Pat, ty: Ty, uniform: bool) -> Result<Binding> {
        match pat {
            syn::Pat::Wild(_) => Ok(Binding::Wild),
            syn::Pat::Paren(p) => self.binding(&p.pat, ty, uniform),
            syn::Pat::Ident(p) => {
                if let Some(by_ref) = &p.by_ref {
                    return refuse(by_ref, "lanes have no references; leave `ref` out");
                }
                if let Some((at, _)) = &p.subpat {
                    return refuse(at, "a pattern here must always match; write `match`");
                }
                let what =
                    if uniform && p.mutability.is_none() { What::Uniform } else { What::Lanes };
                Ok(Binding::Var(self.declare(&p.ident, ty, what)))
            }
            syn::Pat::Tuple(t) => {
                let parts: Vec<Ty> = match self.types.known(ty).clone() {
                    Known::Tuple(parts) if parts.len() == t.elems.len() => parts,
                    _ => {
                        let opaque = self.types.is_opaque(ty);
                        let parts: Vec<Ty> = t
                            .elems
                            .iter()
                            .map(|_| if opaque { self.types.opaque() } else { self.types.fresh() })
                            .collect();
                        let tuple = self.types.tuple(parts.clone());
                        self.types.unify(ty, tuple);
                        parts
                    }
                };
                let parts = t
                    .elems
                    .iter()
                    .zip(parts)
                    .map(|(pat, ty)| self.binding(pat, ty, false))
                    .collect::<Result<_>>()?;
                Ok(Binding::Tuple(parts))
            }
            syn::Pat::Type(t) => {
                let annotated = self.annotation(&t.ty)?;
                self.types.unify(annotated, ty);
                self.binding(&t.pat, ty, uniform)
            }
            syn::Pat::Reference(r) => refuse(r.and_token, "lanes have no references"),
            syn::Pat::Rest(r) => refuse(r, "name every part of the tuple, or write `_` for it"),
            _ => refuse(pat, "only names, `_` and tuples of these can be bound here"),
        }
    }

    // ---- expressions -----------------------------------------------------------------------------

    /// An expression whose value goes into an operation: it can't jump.
    fn operand(&mut self, e: &syn::Expr) -> Result<Expr> {
        let out = self.flow(e)?;
        if diverges(&out) || !out.facts().jumps.is_empty() {
            return refuse(
                e,
                "a jump inside an operation can't become lanes; put the value into a variable \
                 with `let` first",
            );
        }
        Ok(out)
    }

    fn literal_type(&mut self, lit: &syn::Lit, like: Option<Ty>) -> Option<Ty> {
        let (suffix, float) = match lit {
            syn::Lit::Int(n) => (n.suffix(), false),
            syn::Lit::Float(n) => (n.suffix(), true),
            _ => return None,
        };
        if let Some(prim) = Prim::parse(suffix) {
            return Some(self.types.prim(prim));
        }
        let ty = if float { self.types.float() } else { self.types.int() };
        if let Some(like) = like {
            self.types.unify(ty, like);
        }
        self.literals.insert(address(lit), ty);
        Some(ty)
    }

    fn literal(&mut self, lit: &syn::Lit) -> Result<Expr> {
        let span = lit.span();
        let uniform = |kind, ty| Ok(Expr { kind, ty, uniform: true, span });
        match lit {
            syn::Lit::Int(n) if !n.suffix().is_empty() && Prim::parse(n.suffix()).is_none() => {
                refuse(lit, not_a_lane_type(n.suffix()))
            }
            syn::Lit::Int(_) | syn::Lit::Float(_) => {
                let ty = self.literal_type(lit, None).expect("it is a number");
                uniform(Kind::Lit(lit.clone()), ty)
            }
            syn::Lit::Bool(_) => {
                let ty = self.bool_type();
                uniform(Kind::Lit(lit.clone()), ty)
            }
            syn::Lit::Byte(_) => {
                let ty = self.types.prim(Prim::U8);
                uniform(Kind::Lit(lit.clone()), ty)
            }
            syn::Lit::Str(_) | syn::Lit::ByteStr(_) | syn::Lit::CStr(_) => refuse(
                lit,
                "lanes hold numbers and booleans, no strings; number the cases, or look them up in \
                 a numeric table",
            ),
            syn::Lit::Char(_) => {
                refuse(lit, "lanes hold numbers and booleans, no `char`; write its code as a `u32`")
            }
            _ => refuse(lit, "lanes hold numbers and booleans; this literal is neither"),
        }
    }

    /// An expression in a place that a jump may stand in.
    fn flow(&mut self, e: &syn::Expr) -> Result<Expr> {
        use syn::Expr as E;
        let span = e.span();
        let lanes = |kind, ty| Ok(Expr { kind, ty, uniform: false, span });
        match e {
            E::Paren(p) => self.flow(&p.expr),
            E::Group(g) => self.flow(&g.expr),
            E::Lit(l) => self.literal(&l.lit),
            E::Path(p) => self.path(p),
            E::Unary(u) => self.unary(u),
            E::Binary(b) => self.binary(b),
            E::Assign(a) => self.assign(a),
            E::Cast(c) => {
                let value = self.operand(&c.expr)?;
                let ty = self.annotation(&c.ty)?;
                let Known::Prim(prim) = *self.types.known(ty) else {
                    return refuse(&c.ty, not_a_lane_type(&c.ty));
                };
                let uniform = value.uniform;
                Ok(Expr { kind: Kind::Cast(Box::new(value), prim), ty, uniform, span })
            }
            E::MethodCall(m) => self.method_call(m),
            E::Call(c) => self.call(c),
            E::Index(i) => self.index(i),
            E::Field(f) => {
                let base = self.operand(&f.base)?;
                let syn::Member::Unnamed(index) = &f.member else {
                    return refuse(
                        &f.member,
                        "lanes hold numbers, booleans and tuples, which have no named fields",
                    );
                };
                let ty = match self.types.known(base.ty) {
                    Known::Tuple(parts) if (index.index as usize) < parts.len() => {
                        parts[index.index as usize]
                    }
                    _ => self.types.opaque(),
                };
                lanes(Kind::Field(Box::new(base), index.index), ty)
            }
            E::Tuple(t) => {
                let parts: Vec<Expr> =
                    t.elems.iter().map(|e| self.operand(e)).collect::<Result<_>>()?;
                let ty = self.types.tuple(parts.iter().map(|p| p.ty).collect());
                lanes(Kind::Tuple(parts), ty)
            }
            E::Block(b) => {
                if let Some(label) = &b.label {
                    return refuse(
                        label,
                        "a labelled block can't become lanes; write `if` and `else`",
                    );
                }
                let block = self.block(&b.block);
                let ty = self.block_type(&block);
                let uniform =
                    block.stmts.is_empty() && block.tail.as_ref().is_some_and(|t| t.uniform);
                if uniform {
                    return Ok(*block.tail.expect("it was just seen"));
                }
                lanes(Kind::Block(block), ty)
            }
            E::If(i) => self.if_else(i),
            E::Match(m) => self.match_arms(m),
            E::While(w) => {
                let cond = self.condition(&w.cond)?;
                if cond.assigns() {
                    return refuse(
                        &w.cond,
                        "a condition that assigns can't become lanes; assign at the end of the body",
                    );
                }
                self.while_loop(w.label.as_ref(), Some(cond), &w.body, span)
            }
            E::Loop(l) => {
                let failures = self.failures;
                let out = self.while_loop(l.label.as_ref(), None, &l.body, span)?;
                let Kind::While(frame, _, body) = &out.kind else { unreachable!("it is a loop") };
                let leaves = body.facts().jumps.iter().any(|j| match j {
                    Jump::Break(_) | Jump::Return => true,
                    Jump::Continue(f) => f != frame,
                });
                // What could not be read may have been the way out.
                if !leaves && failures == self.failures {
                    return refuse(
                        l.loop_token,
                        "this loop never ends; leave it with `break` or `return`",
                    );
                }
                Ok(out)
            }
            E::ForLoop(f) => self.for_loop(f),
            E::Break(b) => {
                if let Some(value) = &b.expr {
                    return refuse(
                        value,
                        "`break` with a value can't become lanes; assign it to a variable first",
                    );
                }
                let frame = self.loop_of(b.label.as_ref(), b)?;
                let ty = self.types.fresh();
                lanes(Kind::Break(frame), ty)
            }
            E::Continue(c) => {
                let frame = self.loop_of(c.label.as_ref(), c)?;
                let ty = self.types.fresh();
                lanes(Kind::Continue(frame), ty)
            }
            E::Return(r) => {
                let Some(value) = &r.expr else {
                    return refuse(r, "a ufunc gives a value back: write `return value`");
                };
                let value = self.operand(value)?;
                self.types.unify(value.ty, self.output);
                let ty = self.types.fresh();
                lanes(Kind::Return(Box::new(value)), ty)
            }
            E::Macro(m) => self.macro_call(&m.mac).map(|()| unreachable!("macros are refused")),
            E::Let(l) => refuse(
                l.let_token,
                "`if let` and `while let` can't become lanes; write `match`, or compare",
            ),
            E::Closure(c) => refuse(
                c,
                "a closure can't become lanes; write a function beside this one, with `#[ufunc]` of \
                 its own",
            ),
            E::Try(t) => refuse(
                t.question_token,
                "`?` can't become lanes, which hold numbers and no errors; give NaN or a flag back",
            ),
            E::Async(a) => refuse(a.async_token, "asynchronous code can't become lanes"),
            E::Await(a) => refuse(a.await_token, "asynchronous code can't become lanes"),
            E::Yield(a) => refuse(a.yield_token, "a generator can't become lanes"),
            E::Unsafe(u) => refuse(
                u.unsafe_token,
                "an `unsafe` block can't become lanes: there is no memory to reach, only values",
            ),
            E::Reference(r) => refuse(
                r.and_token,
                "lanes are values: there is nothing to refer to; leave the `&` out",
            ),
            E::RawAddr(r) => refuse(r.and_token, "lanes are values: there are no addresses"),
            E::Array(_) | E::Repeat(_) => refuse(
                e,
                "an array can't become lanes, except as a table of constants: \
                 `const TABLE: [f64; 3] = [...]`, read as `TABLE[i as usize]`",
            ),
            E::Struct(s) => {
                refuse(&s.path, "lanes hold numbers and booleans, no structs; write a tuple")
            }
            E::Range(r) => refuse(
                r,
                "a range is no value of lanes; it can stand in `for` and in a `match` pattern",
            ),
            E::Const(c) => refuse(c.const_token, "write `const NAME: type = ...;` instead"),
            _ => refuse(e, "this can't become lanes"),
        }
    }

    fn macro_call(&mut self, mac: &syn::Macro) -> Result<()> {
        let name = mac.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        let why = match name.as_str() {
            "panic" | "unreachable" | "todo" | "unimplemented" => {
                "lanes can't panic, as the lanes beside would die too; give NaN, or a flag as another \
                 output"
            }
            "assert" | "assert_eq" | "assert_ne" | "debug_assert" | "debug_assert_eq"
            | "debug_assert_ne" => {
                "lanes can't panic, as the lanes beside would die too; check the inputs before the \
                 call, or give a flag as another output"
            }
            "println" | "print" | "eprintln" | "eprint" | "dbg" | "write" | "writeln" => {
                "lanes can't print; print from the plain function, which takes single numbers"
            }
            "format" | "vec" | "concat" | "stringify" => {
                "lanes hold numbers and booleans: no strings and no heap"
            }
            "matches" => "write `match` with arms `true` and `false`, or compare",
            _ => {
                "a macro can't become lanes, as `#[ufunc]` can't see what it stands for; write it out"
            }
        };
        let bang = mac.bang_token;
        let path = &mac.path;
        refuse(quote!(#path #bang), why)
    }

    fn path(&mut self, p: &syn::ExprPath) -> Result<Expr> {
        let span = p.span();
        if let Some(q) = &p.qself {
            return refuse(
                q.ty.as_ref(),
                "a constant behind a trait can't be resolved here; give it a name with `const`",
            );
        }
        let mut opaque = false;
        let ty = match single(&p.path) {
            Some(name) if name == "self" => return refuse(name, "a ufunc has no `self`"),
            Some(name) => match self.find(name) {
                Some(Name::Var(id)) => {
                    if self.vars[id].what == What::Table {
                        return refuse(p, "a table can only be read: `name[index as usize]`");
                    }
                    return Ok(self.var(id, span));
                }
                Some(Name::Const(ty)) => ty,
                Some(Name::Import) | None => {
                    opaque = true;
                    self.types.fresh()
                }
            },
            None => match self.const_of_path(&p.path) {
                Some(prim) => self.types.prim(prim),
                None => {
                    opaque = true;
                    self.types.fresh()
                }
            },
        };
        if let Some(s) = p.path.segments.iter().find(|s| !s.arguments.is_none()) {
            return refuse(&s.arguments, "types are inferred here; leave them out");
        }
        // A constant of unknown type takes part in inference: `x > LIMIT` tells what LIMIT is.
        let _ = opaque;
        let path = self.substituted(&p.path);
        Ok(Expr { kind: Kind::Const(path), ty, uniform: true, span })
    }

    /// A path with the dtype for the type parameter.
    fn substituted(&self, path: &syn::Path) -> TokenStream {
        let mut path = path.clone();
        Rewrite::types_only(self.target).path(&mut path);
        path.to_token_stream()
    }

    /// The type of `f64::MAX`, `std::f64::consts::PI` and their like.
    fn const_of_path(&self, path: &syn::Path) -> Option<Prim> {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let last = names.last()?.as_str();
        if names.len() >= 3 && names[names.len() - 2] == "consts" {
            return Prim::parse(&names[names.len() - 3]);
        }
        let owner =
            self.prim_of_ident(&path.segments[path.segments.len().checked_sub(2)?].ident)?;
        match last {
            "MAX" | "MIN" | "EPSILON" | "INFINITY" | "NEG_INFINITY" | "NAN" | "MIN_POSITIVE" => {
                Some(owner)
            }
            "BITS" | "DIGITS" | "MANTISSA_DIGITS" | "RADIX" => Some(Prim::U32),
            _ => None,
        }
    }

    fn unary(&mut self, u: &syn::ExprUnary) -> Result<Expr> {
        let span = u.op.span();
        if let syn::UnOp::Deref(star) = &u.op {
            // Elements of a table are copied into the loop's variable.
            let value = self.operand(&u.expr)?;
            return match value.kind {
                Kind::Var(_) if value.uniform => Ok(value),
                _ => {
                    refuse(star, "lanes are values: there is nothing to follow; leave the `*` out")
                }
            };
        }
        let value = self.operand(&u.expr)?;
        let (ty, uniform) = (value.ty, value.uniform);
        let kind = match &u.op {
            syn::UnOp::Neg(_) => Kind::Neg(Box::new(value)),
            syn::UnOp::Not(_) => Kind::Not(Box::new(value)),
            other => return refuse(other, "this operator can't become lanes"),
        };
        Ok(Expr { kind, ty, uniform, span })
    }

    fn binary(&mut self, b: &syn::ExprBinary) -> Result<Expr> {
        use syn::BinOp as B;
        let (op, assigns) = match &b.op {
            B::Add(_) => (Op::Add, false),
            B::Sub(_) => (Op::Sub, false),
            B::Mul(_) => (Op::Mul, false),
            B::Div(_) => (Op::Div, false),
            B::Rem(_) => (Op::Rem, false),
            B::And(_) => (Op::And, false),
            B::Or(_) => (Op::Or, false),
            B::BitAnd(_) => (Op::BitAnd, false),
            B::BitOr(_) => (Op::BitOr, false),
            B::BitXor(_) => (Op::BitXor, false),
            B::Shl(_) => (Op::Shl, false),
            B::Shr(_) => (Op::Shr, false),
            B::Eq(_) => (Op::Eq, false),
            B::Ne(_) => (Op::Ne, false),
            B::Lt(_) => (Op::Lt, false),
            B::Le(_) => (Op::Le, false),
            B::Gt(_) => (Op::Gt, false),
            B::Ge(_) => (Op::Ge, false),
            B::AddAssign(_) => (Op::Add, true),
            B::SubAssign(_) => (Op::Sub, true),
            B::MulAssign(_) => (Op::Mul, true),
            B::DivAssign(_) => (Op::Div, true),
            B::RemAssign(_) => (Op::Rem, true),
            B::BitAndAssign(_) => (Op::BitAnd, true),
            B::BitOrAssign(_) => (Op::BitOr, true),
            B::BitXorAssign(_) => (Op::BitXor, true),
            B::ShlAssign(_) => (Op::Shl, true),
            B::ShrAssign(_) => (Op::Shr, true),
            other => return refuse(other, "this operator can't become lanes"),
        };
        if assigns {
            let target = self.assigned(&b.left)?;
            let left = self.var(target, b.left.span());
            let right = self.operand(&b.right)?;
            let value = self.operation(op, left, right, b.op.span());
            self.types.unify(value.ty, self.vars[target].ty);
            let ty = self.types.unit();
            let kind = Kind::Assign(target, Box::new(value));
            return Ok(Expr { kind, ty, uniform: false, span: b.op.span() });
        }
        let left = self.operand(&b.left)?;
        let right = self.operand(&b.right)?;
        if matches!(op, Op::And | Op::Or) && right.assigns() {
            return refuse(
                &b.right,
                "an assignment behind `&&` or `||` can't become lanes, as both sides are always \
                 computed; assign before",
            );
        }
        Ok(self.operation(op, left, right, b.op.span()))
    }

    fn operation(&mut self, op: Op, left: Expr, right: Expr, span: Span) -> Expr {
        let ty = match op {
            Op::Shl | Op::Shr => left.ty,
            Op::And | Op::Or => {
                let ty = self.bool_type();
                self.types.unify(left.ty, ty);
                self.types.unify(right.ty, ty);
                ty
            }
            _ if op.compares() => {
                self.types.unify(left.ty, right.ty);
                self.bool_type()
            }
            _ => {
                self.types.unify(left.ty, right.ty);
                left.ty
            }
        };
        let uniform = left.uniform && right.uniform;
        Expr { kind: Kind::Binary(op, Box::new(left), Box::new(right)), ty, uniform, span }
    }

    /// The variable that an assignment is to.
    fn assigned(&mut self, e: &syn::Expr) -> Result<VarId> {
        match e {
            syn::Expr::Paren(p) => self.assigned(&p.expr),
            syn::Expr::Group(p) => self.assigned(&p.expr),
            syn::Expr::Path(p) => match single(&p.path).and_then(|name| self.find(name)) {
                Some(Name::Var(id)) if self.vars[id].what == What::Lanes => Ok(id),
                Some(Name::Var(_)) => refuse(
                    p,
                    "this variable is the same in every lane and can't be assigned; declare it with \
                     `let mut`",
                ),
                _ => refuse(p, "only variables of this function can be assigned"),
            },
            syn::Expr::Index(i) => refuse(
                i,
                "an array that changes can't become lanes, as every lane would need one of its own; \
                 write a variable for each element",
            ),
            syn::Expr::Field(f) => {
                refuse(f, "a part of a tuple can't be assigned; write a variable for each part")
            }
            syn::Expr::Unary(u) => refuse(u.op, "lanes have no references"),
            other => refuse(other, "only variables can be assigned"),
        }
    }

    fn assign(&mut self, a: &syn::ExprAssign) -> Result<Expr> {
        let span = a.eq_token.span();
        let unit = self.types.unit();
        match &*a.left {
            syn::Expr::Tuple(t) => {
                let value = self.operand(&a.right)?;
                let parts: Vec<Ty> = match self.types.known(value.ty).clone() {
                    Known::Tuple(parts) if parts.len() == t.elems.len() => parts,
                    _ => t.elems.iter().map(|_| self.types.opaque()).collect(),
                };
                let mut temporaries = vec![];
                let mut assigns = vec![];
                for (target, ty) in t.elems.iter().zip(parts) {
                    if matches!(target, syn::Expr::Infer(_)) {
                        temporaries.push(Binding::Wild);
                        continue;
                    }
                    let target = self.assigned(target)?;
                    self.types.unify(self.vars[target].ty, ty);
                    let temporary = self.temporary("part", span, ty, What::Lanes);
                    temporaries.push(Binding::Var(temporary));
                    let value = Box::new(self.var(temporary, span));
                    assigns.push(Stmt::Expr(Expr {
                        kind: Kind::Assign(target, value),
                        ty: unit,
                        uniform: false,
                        span,
                    }));
                }
                let mut stmts = vec![Stmt::Let(Binding::Tuple(temporaries), None, Some(value))];
                stmts.append(&mut assigns);
                let kind = Kind::Block(Block { stmts, tail: None });
                Ok(Expr { kind, ty: unit, uniform: false, span })
            }
            syn::Expr::Infer(_) => {
                let value = self.operand(&a.right)?;
                let block =
                    Block { stmts: vec![Stmt::Let(Binding::Wild, None, Some(value))], tail: None };
                Ok(Expr { kind: Kind::Block(block), ty: unit, uniform: false, span })
            }
            left => {
                let target = self.assigned(left)?;
                let value = self.flow(&a.right)?;
                self.types.unify(self.vars[target].ty, value.ty);
                let kind = Kind::Assign(target, Box::new(value));
                Ok(Expr { kind, ty: unit, uniform: false, span })
            }
        }
    }

    // ---- calls -----------------------------------------------------------------------------------

    fn method_call(&mut self, m: &syn::ExprMethodCall) -> Result<Expr> {
        let name = m.method.to_string();
        if let Some(turbofish) = &m.turbofish {
            return refuse(turbofish, "types are inferred here; leave them out");
        }
        if methods::find(&name).is_none() && name != "pow" {
            return Err(unknown_method(&m.method));
        }
        let receiver = self.operand(&m.receiver)?;
        let args: Vec<&syn::Expr> = m.args.iter().collect();
        self.method(&m.method, receiver, &args)
    }

    fn method(&mut self, name: &Ident, receiver: Expr, args: &[&syn::Expr]) -> Result<Expr> {
        let span = name.span();
        if name == "pow" {
            return self.pow(name, receiver, args);
        }
        let Some(method) = methods::find(&name.to_string()) else {
            return Err(unknown_method(name));
        };
        if args.len() != method.args.len() {
            return refuse(
                name,
                format!("`{name}` takes {} arguments, not {}", method.args.len(), args.len()),
            );
        }
        let this = receiver.ty;
        let mut all = vec![receiver];
        for (arg, of) in args.iter().zip(method.args) {
            let arg = self.operand(arg)?;
            let ty = self.type_of(*of, this);
            self.types.unify(arg.ty, ty);
            all.push(arg);
        }
        let ty = self.type_of(method.result, this);
        let uniform = method.uniform && all.iter().all(|a| a.uniform);
        Ok(Expr { kind: Kind::Method(method, all), ty, uniform, span })
    }

    fn type_of(&mut self, of: Of, this: Ty) -> Ty {
        let known = match self.types.known(this) {
            Known::Prim(p) => Some(*p),
            _ => None,
        };
        match (of, known) {
            (Of::Same, _) => this,
            (Of::Is(prim), _) => self.types.prim(prim),
            (Of::Unsigned, Some(p)) => self.types.prim(p.unsigned()),
            (Of::Bits, Some(p)) => self.types.prim(p.bits()),
            _ => self.types.opaque(),
        }
    }

    fn pow(&mut self, name: &Ident, base: Expr, args: &[&syn::Expr]) -> Result<Expr> {
        let [power] = args else {
            return refuse(name, "`pow` takes one argument");
        };
        let exponent = self.operand(power)?;
        let count = self.types.prim(Prim::U32);
        self.types.unify(exponent.ty, count);
        if !exponent.uniform {
            return refuse(
                power,
                "the power must be the same in every lane: a constant; for others write a loop",
            );
        }
        let ty = base.ty;
        let kind = Kind::Pow(Box::new(base), Box::new(exponent));
        Ok(Expr { kind, ty, uniform: false, span: name.span() })
    }

    fn call(&mut self, c: &syn::ExprCall) -> Result<Expr> {
        let span = c.span();
        let func = strip(&c.func);
        let syn::Expr::Path(syn::ExprPath { path, qself: None, .. }) = func else {
            return refuse(func, "only functions can be called, by their names");
        };
        for segment in &path.segments {
            if !segment.arguments.is_none() {
                return refuse(&segment.arguments, "types are inferred here; leave them out");
            }
        }
        let last = &path.segments.last().expect("a path has a name").ident;
        let args: Vec<&syn::Expr> = c.args.iter().collect();
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let owner = names.len().checked_sub(2).map(|i| &path.segments[i].ident);
        // `f64::from(x)`, `f64::from_bits(u)`, `f64::max(a, b)`.
        if let Some(prim) = owner.and_then(|o| self.prim_of_ident(o)) {
            let Some((first, others)) = args.split_first() else {
                return refuse(last, "this can't become lanes; write the value");
            };
            match last.to_string().as_str() {
                "from" => {
                    let value = self.operand(first)?;
                    let (ty, uniform) = (self.types.prim(prim), value.uniform);
                    return Ok(Expr { kind: Kind::Cast(Box::new(value), prim), ty, uniform, span });
                }
                "from_bits" if prim.is_float() => {
                    let bits = self.operand(first)?;
                    let unsigned = self.types.prim(prim.bits());
                    self.types.unify(bits.ty, unsigned);
                    let (ty, uniform) = (self.types.prim(prim), bits.uniform);
                    return Ok(Expr {
                        kind: Kind::FromBits(prim, Box::new(bits)),
                        ty,
                        uniform,
                        span,
                    });
                }
                _ => {}
            }
            if methods::find(&last.to_string()).is_none() && last != "pow" {
                return Err(unknown_method(last));
            }
            let receiver = self.operand(first)?;
            let ty = self.types.prim(prim);
            self.types.unify(receiver.ty, ty);
            return self.method(last, receiver, others);
        }
        if owner.is_some_and(|o| o == "cmp")
            && (last == "min" || last == "max")
            && let [first, others @ ..] = &args[..]
        {
            let receiver = self.operand(first)?;
            return self.method(last, receiver, others);
        }
        if let Some(why) = owner
            .filter(|o| {
                ["mem", "ptr", "slice", "Box", "Vec", "String", "Rc", "Arc"].iter().any(|n| o == n)
            })
            .map(|_| {
                "lanes are values, without references and without heap; take the value itself, and \
                 exchange two with `(a, b) = (b, a)`"
            })
        {
            return refuse(path, why);
        }
        if names.len() == 1 {
            match last.to_string().as_str() {
                "Some" | "Ok" | "Err" => {
                    return refuse(
                        path,
                        "lanes hold numbers, no options or results; give NaN, or a flag as another \
                         output",
                    );
                }
                "drop" => return refuse(path, "there is nothing to drop: lanes are values"),
                _ => {}
            }
            if last == self.target.name {
                return refuse(
                    path,
                    "a function that calls itself can't become lanes, as they have no stack each; \
                     write a loop",
                );
            }
            if let Some(Name::Var(_)) = self.find(last) {
                return refuse(path, "a variable can't be called: lanes hold no functions");
            }
        }
        let args = args.iter().map(|e| self.operand(e)).collect::<Result<Vec<_>>>()?;
        for arg in &args {
            // The compiler knows what the helper takes.
            let unknown = self.types.opaque();
            if matches!(self.types.known(arg.ty), Known::Int | Known::Float | Known::Nothing) {
                self.types.unify(arg.ty, unknown);
            }
        }
        let ty = self.types.opaque();
        Ok(Expr { kind: Kind::Helper(path.clone(), args), ty, uniform: false, span })
    }

    fn index(&mut self, i: &syn::ExprIndex) -> Result<Expr> {
        let span = i.span();
        let base = strip(&i.expr);
        let syn::Expr::Path(syn::ExprPath { path, qself: None, .. }) = base else {
            return refuse(
                base,
                "only a table with a name can be looked up in: `const TABLE: [f64; 3] = [...]`",
            );
        };
        let (table, ty) = match single(path).and_then(|name| self.find(name)) {
            Some(Name::Var(id)) if self.vars[id].what != What::Lanes => {
                (self.vars[id].ident.to_token_stream(), self.vars[id].ty)
            }
            Some(Name::Var(_)) => {
                return refuse(path, "this is a number, no table; only constant arrays are tables");
            }
            Some(Name::Const(ty)) => (path.to_token_stream(), ty),
            Some(Name::Import) | None => (self.substituted(path), self.types.opaque()),
        };
        if matches!(strip(&i.index), syn::Expr::Range(_)) {
            return refuse(&i.index, "a slice is no value of lanes; read one element at a time");
        }
        let index = self.operand(&i.index)?;
        let word = self.types.prim(Prim::Usize);
        self.types.unify(index.ty, word);
        let uniform = index.uniform;
        Ok(Expr { kind: Kind::Table(table, Box::new(index)), ty, uniform, span })
    }

    // ---- choices ---------------------------------------------------------------------------------

    fn condition(&mut self, e: &syn::Expr) -> Result<Expr> {
        let cond = self.operand(e)?;
        let ty = self.bool_type();
        self.types.unify(cond.ty, ty);
        Ok(cond)
    }

    fn if_else(&mut self, i: &syn::ExprIf) -> Result<Expr> {
        let cond = self.condition(&i.cond)?;
        let then = self.block(&i.then_branch);
        let els = match &i.else_branch {
            None => Block::default(),
            Some((_, e)) => match strip(e) {
                syn::Expr::Block(b) if b.label.is_none() => self.block(&b.block),
                e => {
                    let e = self.flow(e)?;
                    Block { stmts: vec![], tail: Some(Box::new(e)) }
                }
            },
        };
        Ok(self.choice(cond, then, els, i.if_token.span()))
    }

    fn choice(&mut self, cond: Expr, then: Block, els: Block, span: Span) -> Expr {
        let yes = self.block_type(&then);
        let ty = if els.is_empty() {
            self.types.unit()
        } else {
            let no = self.block_type(&els);
            self.types.unify(yes, no);
            // One that never ends has any type.
            if then.tail.as_deref().is_none_or(diverges) { no } else { yes }
        };
        let value = |b: &Block| b.stmts.is_empty() && b.tail.as_ref().is_some_and(|t| t.uniform);
        let uniform = cond.uniform && value(&then) && value(&els);
        Expr { kind: Kind::If(Box::new(cond), then, els, false), ty, uniform, span }
    }

    fn match_arms(&mut self, m: &syn::ExprMatch) -> Result<Expr> {
        let span = m.match_token.span();
        self.scopes.push(HashMap::new());
        let mut stmts = vec![];
        let scrutinee = self.scrutinee(&m.expr, &m.arms, &mut stmts);
        let out = match scrutinee {
            Ok(scrutinee) => {
                let mut arms = m.arms.iter();
                self.arms(&mut arms, &scrutinee, span)
            }
            Err(error) => Err(error),
        };
        self.scopes.pop();
        let block = out?;
        let ty = self.block_type(&block);
        stmts.extend(block.stmts);
        let block = Block { stmts, tail: block.tail };
        Ok(Expr { kind: Kind::Block(block), ty, uniform: false, span })
    }

    /// Puts what is matched into variables.
    fn scrutinee(
        &mut self,
        e: &syn::Expr,
        arms: &[syn::Arm],
        stmts: &mut Vec<Stmt>,
    ) -> Result<Matched> {
        if let syn::Expr::Tuple(t) = strip(e) {
            let parts =
                t.elems.iter().map(|e| self.scrutinee(e, &[], stmts)).collect::<Result<_>>()?;
            return Ok(Matched::Tuple(parts));
        }
        if let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(s), .. }) = strip(e) {
            return refuse(s, "lanes hold numbers and booleans, no strings");
        }
        let value = self.operand(e)?;
        let (ty, uniform) = (value.ty, value.uniform);
        // A tuple that comes from somewhere else: its length is in the patterns.
        let length = arms.iter().find_map(|arm| match unguarded(&arm.pat).0 {
            syn::Pat::Tuple(t) => Some(t.elems.len()),
            _ => None,
        });
        if let Some(length) = length {
            let parts: Vec<Ty> = match self.types.known(ty).clone() {
                Known::Tuple(parts) if parts.len() == length => parts,
                _ => (0..length).map(|_| self.types.opaque()).collect(),
            };
            let vars: Vec<VarId> = parts
                .into_iter()
                .map(|ty| self.temporary("matched", e.span(), ty, What::Lanes))
                .collect();
            let binding = Binding::Tuple(vars.iter().map(|v| Binding::Var(*v)).collect());
            stmts.push(Stmt::Let(binding, None, Some(value)));
            return Ok(Matched::Tuple(vars.into_iter().map(Matched::One).collect()));
        }
        let what = if uniform { What::Uniform } else { What::Lanes };
        let var = self.temporary("matched", e.span(), ty, what);
        stmts.push(Stmt::Let(Binding::Var(var), None, Some(value)));
        Ok(Matched::One(var))
    }

    fn arms(
        &mut self,
        arms: &mut std::slice::Iter<'_, syn::Arm>,
        matched: &Matched,
        span: Span,
    ) -> Result<Block> {
        let Some(arm) = arms.next() else {
            return Err(Error::new(span, "a match without arms has no value"));
        };
        self.scopes.push(HashMap::new());
        let (pat, guard) = unguarded(&arm.pat);
        let mut stmts = vec![];
        let mut test = self.pattern(pat, matched, &mut stmts)?;
        if let Some(guard) = guard {
            let condition = self.condition(guard)?;
            if condition.assigns() {
                return refuse(guard, "a guard that assigns can't become lanes; assign before");
            }
            test = Some(match test {
                Some(test) => self.operation(Op::And, test, condition, span),
                None => condition,
            });
        }
        let body = match strip(&arm.body) {
            syn::Expr::Block(b) if b.label.is_none() => self.block(&b.block),
            e => Block { stmts: vec![], tail: Some(Box::new(self.flow(e)?)) },
        };
        self.scopes.pop();
        // The compiler has checked that the arms cover everything, so the last one needs no test.
        let last = arms.as_slice().is_empty() && guard.is_none();
        let Some(test) = test.filter(|_| !last) else {
            stmts.extend(body.stmts);
            return Ok(Block { stmts, tail: body.tail });
        };
        let rest = self.arms(arms, matched, span)?;
        let choice = self.choice(test, body, rest, arm.fat_arrow_token.span());
        Ok(Block { stmts, tail: Some(Box::new(choice)) })
    }

    /// When a pattern matches (`None`: always), and what it binds.
    fn pattern(
        &mut self,
        pat: &syn::Pat,
        matched: &Matched,
        binds: &mut Vec<Stmt>,
    ) -> Result<Option<Expr>> {
        let span = pat.span();
        match (pat, matched) {
            (syn::Pat::Wild(_), _) => Ok(None),
            (syn::Pat::Paren(p), _) => self.pattern(&p.pat, matched, binds),
            (syn::Pat::Tuple(t), Matched::Tuple(parts)) => {
                let mut test = None;
                let mut parts = parts.iter();
                for pat in &t.elems {
                    if let syn::Pat::Rest(r) = pat {
                        return refuse(r, "name every part of the tuple, or write `_` for it");
                    }
                    let Some(part) = parts.next() else {
                        return refuse(pat, "the tuple has fewer parts than the pattern");
                    };
                    let next = self.pattern(pat, part, binds)?;
                    test = self.both(test, next, span);
                }
                Ok(test)
            }
            (syn::Pat::Or(or), _) => {
                let mut test: Option<Expr> = None;
                for (i, pat) in or.cases.iter().enumerate() {
                    let mut inner = vec![];
                    let next = self.pattern(pat, matched, &mut inner)?;
                    if !inner.is_empty() {
                        return refuse(
                            pat,
                            "a name inside `|` can't become lanes; write `name @ (a | b)`, or an arm \
                             for each",
                        );
                    }
                    let Some(next) = next else { return Ok(None) };
                    test = Some(match test {
                        Some(test) if i > 0 => self.operation(Op::Or, test, next, span),
                        _ => next,
                    });
                }
                Ok(test)
            }
            (syn::Pat::Ident(p), _) if !is_constant(p) => {
                if let Some(by_ref) = &p.by_ref {
                    return refuse(by_ref, "lanes have no references; leave `ref` out");
                }
                let test = match &p.subpat {
                    Some((_, pat)) => self.pattern(pat, matched, binds)?,
                    None => None,
                };
                let value = matched_value(self, matched, span);
                let what = if value.uniform && p.mutability.is_none() {
                    What::Uniform
                } else {
                    What::Lanes
                };
                let var = self.declare(&p.ident, value.ty, what);
                binds.push(Stmt::Let(Binding::Var(var), None, Some(value)));
                Ok(test)
            }
            (_, Matched::One(var)) => {
                let value = self.var(*var, span);
                self.value_pattern(pat, value, *var).map(Some)
            }
            (_, Matched::Tuple(_)) => {
                refuse(pat, "a tuple is matched by a tuple of patterns, a name or `_`")
            }
        }
    }

    fn value_pattern(&mut self, pat: &syn::Pat, value: Expr, var: VarId) -> Result<Expr> {
        let span = pat.span();
        match pat {
            syn::Pat::Lit(l) => {
                if let syn::Lit::Bool(b) = &l.lit {
                    let ty = self.bool_type();
                    self.types.unify(value.ty, ty);
                    let uniform = value.uniform;
                    return Ok(if b.value {
                        value
                    } else {
                        Expr { kind: Kind::Not(Box::new(value)), ty, uniform, span }
                    });
                }
                let constant = self.literal(&l.lit)?;
                Ok(self.operation(Op::Eq, value, constant, span))
            }
            syn::Pat::Path(p) => {
                let constant = self.path(p)?;
                Ok(self.operation(Op::Eq, value, constant, span))
            }
            syn::Pat::Ident(p) => {
                let path = syn::ExprPath {
                    attrs: vec![],
                    qself: None,
                    path: syn::Path::from(p.ident.clone()),
                };
                let constant = self.path(&path)?;
                Ok(self.operation(Op::Eq, value, constant, span))
            }
            syn::Pat::Range(r) => {
                let start = match &r.start {
                    Some(e) => {
                        let bound = self.operand(e)?;
                        Some(self.operation(Op::Ge, value, bound, span))
                    }
                    None => None,
                };
                let end = match &r.end {
                    Some(e) => {
                        let bound = self.operand(e)?;
                        let op = match r.limits {
                            syn::RangeLimits::HalfOpen(_) => Op::Lt,
                            syn::RangeLimits::Closed(_) => Op::Le,
                        };
                        let value = self.var(var, span);
                        Some(self.operation(op, value, bound, span))
                    }
                    None => None,
                };
                match self.both(start, end, span) {
                    Some(test) => Ok(test),
                    None => refuse(pat, "write `_` for everything"),
                }
            }
            syn::Pat::Slice(_) => refuse(pat, "lanes hold numbers and booleans, no slices"),
            syn::Pat::Struct(_) | syn::Pat::TupleStruct(_) => {
                refuse(pat, "lanes hold numbers and booleans, no structs, enums or options")
            }
            syn::Pat::Reference(r) => refuse(r.and_token, "lanes have no references"),
            syn::Pat::Macro(m) => {
                refuse(&m.mac.path, "a macro can't become lanes; write the pattern out")
            }
            _ => refuse(pat, "only numbers, ranges, `|`, names and `_` can be matched in lanes"),
        }
    }

    fn both(&mut self, a: Option<Expr>, b: Option<Expr>, span: Span) -> Option<Expr> {
        match (a, b) {
            (Some(a), Some(b)) => Some(self.operation(Op::And, a, b, span)),
            (a, None) => a,
            (None, b) => b,
        }
    }

    // ---- loops -----------------------------------------------------------------------------------

    fn enter(&mut self, label: Option<&syn::Label>) -> FrameId {
        let frame = self.frames;
        self.frames += 1;
        self.loops.push(Loop { label: label.map(|l| l.name.ident.to_string()), frame });
        frame
    }

    fn loop_of(&mut self, label: Option<&syn::Lifetime>, at: impl ToTokens) -> Result<FrameId> {
        let found = match label {
            None => self.loops.last(),
            Some(label) => self
                .loops
                .iter()
                .rev()
                .find(|l| l.label.as_deref() == Some(&label.ident.to_string())),
        };
        match found {
            Some(l) => Ok(l.frame),
            None => refuse(at, "there is no such loop around this"),
        }
    }

    fn while_loop(
        &mut self,
        label: Option<&syn::Label>,
        cond: Option<Expr>,
        body: &syn::Block,
        span: Span,
    ) -> Result<Expr> {
        let frame = self.enter(label);
        let body = self.block(body);
        self.loops.pop();
        // `loop` with no break of its own never comes out at its end.
        let ty = self.types.unit();
        Ok(Expr { kind: Kind::While(frame, cond.map(Box::new), body), ty, uniform: false, span })
    }

    fn for_loop(&mut self, f: &syn::ExprForLoop) -> Result<Expr> {
        let span = f.for_token.span();
        let (mut over, element) = self.iterable(&f.expr)?;
        let frame = self.enter(f.label.as_ref());
        self.scopes.push(HashMap::new());
        let pattern = self.for_pattern(&f.pat, element, over.enumerate);
        let body = self.block(&f.body);
        self.scopes.pop();
        self.loops.pop();
        over.pattern = pattern?;
        let ty = self.types.unit();
        Ok(Expr { kind: Kind::For(frame, Box::new(over), body), ty, uniform: false, span })
    }

    fn for_pattern(&mut self, pat: &syn::Pat, element: Ty, enumerate: bool) -> Result<Binding> {
        match pat {
            syn::Pat::Wild(_) => Ok(Binding::Wild),
            syn::Pat::Paren(p) => self.for_pattern(&p.pat, element, enumerate),
            syn::Pat::Reference(r) => self.for_pattern(&r.pat, element, enumerate),
            syn::Pat::Tuple(t) if enumerate && t.elems.len() == 2 => {
                let count = self.types.prim(Prim::Usize);
                let i = self.for_pattern(&t.elems[0], count, false)?;
                let element = self.for_pattern(&t.elems[1], element, false)?;
                Ok(Binding::Tuple(vec![i, element]))
            }
            syn::Pat::Ident(p) if !enumerate => {
                if let Some(mutable) = &p.mutability {
                    return refuse(
                        mutable,
                        "a loop's variable is the same in every lane; copy it into a `let mut`",
                    );
                }
                Ok(Binding::Var(self.declare(&p.ident, element, What::Uniform)))
            }
            _ => refuse(pat, "a loop's variable must be a name or `_`"),
        }
    }

    fn iterable(&mut self, e: &syn::Expr) -> Result<(For, Ty)> {
        let plain = |over, turns| For {
            pattern: Binding::Wild,
            over,
            rev: false,
            step: None,
            enumerate: false,
            turns,
        };
        match strip(e) {
            syn::Expr::Range(r) => {
                let (Some(start), Some(end)) = (&r.start, &r.end) else {
                    return refuse(
                        r,
                        "a `for` needs both bounds, as constants; for other loops write `while`",
                    );
                };
                let closed = matches!(r.limits, syn::RangeLimits::Closed(_));
                let turns = match (whole(start), whole(end)) {
                    (Some(a), Some(b)) => Some((b - a + i64::from(closed)).max(0) as u64),
                    _ => None,
                };
                let a = self.bound(start)?;
                let b = self.bound(end)?;
                self.types.unify(a.ty, b.ty);
                let ty = a.ty;
                self.types.set_count(ty);
                Ok((plain(Over::Range(a, b, closed), turns), ty))
            }
            syn::Expr::MethodCall(m) => match (m.method.to_string().as_str(), m.args.len()) {
                ("rev", 0) => {
                    let (mut inner, ty) = self.iterable(&m.receiver)?;
                    if inner.rev || inner.enumerate || inner.step.is_some() {
                        return refuse(&m.method, "write `rev` first, and once");
                    }
                    inner.rev = true;
                    Ok((inner, ty))
                }
                ("step_by", 1) => {
                    let (mut inner, ty) = self.iterable(&m.receiver)?;
                    if inner.step.is_some() || inner.enumerate {
                        return refuse(&m.method, "write `step_by` once, before `enumerate`");
                    }
                    let step = self.bound(&m.args[0])?;
                    let word = self.types.prim(Prim::Usize);
                    self.types.unify(step.ty, word);
                    let by = whole(&m.args[0]).unwrap_or(1).max(1) as u64;
                    inner.turns = inner.turns.map(|t| t.div_ceil(by));
                    inner.step = Some(step);
                    Ok((inner, ty))
                }
                ("enumerate", 0) => {
                    let (mut inner, ty) = self.iterable(&m.receiver)?;
                    if inner.enumerate {
                        return refuse(&m.method, "write `enumerate` once");
                    }
                    inner.enumerate = true;
                    Ok((inner, ty))
                }
                ("iter" | "into_iter", 0) => {
                    self.table_iterable(&m.receiver).map(|(o, t)| (plain(o, None), t))
                }
                ("copied" | "cloned", 0) => self.iterable(&m.receiver),
                _ => refuse(
                    &m.method,
                    "a `for` runs over a constant range or a table, with `rev`, `step_by` and \
                     `enumerate`; for other loops write `while`",
                ),
            },
            other => self.table_iterable(other).map(|(o, t)| (plain(o, None), t)),
        }
    }

    fn table_iterable(&mut self, e: &syn::Expr) -> Result<(Over, Ty)> {
        let inner = match strip(e) {
            syn::Expr::Reference(r) => strip(&r.expr),
            other => other,
        };
        match inner {
            syn::Expr::Path(syn::ExprPath { path, qself: None, .. }) => {
                match single(path).and_then(|name| self.find(name)) {
                    Some(Name::Var(id)) if self.vars[id].what == What::Table => {
                        let var = &self.vars[id];
                        Ok((Over::Table(var.ident.to_token_stream()), var.ty))
                    }
                    Some(Name::Var(_)) => refuse(
                        path,
                        "a `for` runs over a constant range or a table; for other loops write `while`",
                    ),
                    Some(Name::Const(ty)) => Ok((Over::Table(path.to_token_stream()), ty)),
                    _ => Ok((Over::Table(self.substituted(path)), self.types.opaque())),
                }
            }
            syn::Expr::Array(a) => {
                refuse(a, "give the table a name first: `const TABLE: [f64; 3] = [...]`")
            }
            other => refuse(
                other,
                "a `for` runs over a constant range or a table; for other loops write `while`",
            ),
        }
    }

    fn bound(&mut self, e: &syn::Expr) -> Result<Expr> {
        let bound = self.operand(e)?;
        if !bound.uniform {
            return refuse(
                e,
                "the bounds of `for` must be constants, the same in every lane; for others write \
                 `while`",
            );
        }
        Ok(bound)
    }
}

/// What a `match` is on.
enum Matched {
    One(VarId),
    Tuple(Vec<Matched>),
}

fn matched_value(lower: &mut Lower<'_>, matched: &Matched, span: Span) -> Expr {
    match matched {
        Matched::One(var) => lower.var(*var, span),
        Matched::Tuple(parts) => {
            let parts: Vec<Expr> = parts.iter().map(|p| matched_value(lower, p, span)).collect();
            let ty = lower.types.tuple(parts.iter().map(|p| p.ty).collect());
            Expr { kind: Kind::Tuple(parts), ty, uniform: false, span }
        }
    }
}

/// A pattern and its guard.
fn unguarded(pat: &syn::Pat) -> (&syn::Pat, Option<&syn::Expr>) {
    match pat {
        syn::Pat::Guard(g) => (&g.pat, Some(&g.guard)),
        pat => (pat, None),
    }
}

/// Whether a name in a pattern is a constant's: constants are written in capitals.
fn is_constant(p: &syn::PatIdent) -> bool {
    p.subpat.is_none()
        && p.by_ref.is_none()
        && p.mutability.is_none()
        && p.ident.to_string().chars().next().is_some_and(char::is_uppercase)
}

/// Whether the expression never gives a value.
pub fn diverges(e: &Expr) -> bool {
    fn block(b: &Block) -> bool {
        b.stmts.iter().any(|s| matches!(s, Stmt::Expr(e) if diverges(e)))
            || b.tail.as_deref().is_some_and(diverges)
    }
    match &e.kind {
        Kind::Break(_) | Kind::Continue(_) | Kind::Return(_) => true,
        Kind::Block(b) => block(b),
        Kind::If(_, then, els, _) => block(then) && block(els),
        _ => false,
    }
}

fn strip(e: &syn::Expr) -> &syn::Expr {
    match e {
        syn::Expr::Paren(p) => strip(&p.expr),
        syn::Expr::Group(g) => strip(&g.expr),
        e => e,
    }
}

fn imports(tree: &syn::UseTree, into: &mut Vec<String>) {
    match tree {
        syn::UseTree::Path(p) => imports(&p.tree, into),
        syn::UseTree::Name(n) => into.push(n.ident.to_string()),
        syn::UseTree::Rename(n) => into.push(n.rename.to_string()),
        syn::UseTree::Group(g) => g.items.iter().for_each(|t| imports(t, into)),
        _ => {}
    }
}

fn unknown_method(name: &Ident) -> Error {
    let why = methods::why_not(&name.to_string())
        .unwrap_or("there is no such lane operation; write it out, or as a `#[ufunc]` of its own");
    Error::new_spanned(name, format!("`{name}` can't become lanes: {why}"))
}

/// Why a type can't be a lane's.
pub fn not_a_lane_type(ty: impl ToTokens) -> String {
    let text = ty.to_token_stream().to_string().replace(' ', "").replace("mut", "mut ");
    let why = match text.as_str() {
        "i128" | "u128" => "lanes have 64 bits at most",
        "char" => "write its code as a `u32`",
        "String" | "&str" | "&'staticstr" => "number the cases, or look them up in a numeric table",
        t if t.starts_with('&') => "lanes are values, not references; take the value",
        t if t.starts_with('[') => "write an argument for each element",
        t if t.starts_with("Vec<") || t.starts_with("Box<") => "lanes have no heap",
        t if t.starts_with("Option<") || t.starts_with("Result<") => {
            "give NaN, or a flag as another output"
        }
        _ => "there are `f64`, `f32`, `i8` to `i64`, `u8` to `u64`, `bool` and tuples of these",
    };
    format!("`{text}` can't become lanes: {why}")
}
