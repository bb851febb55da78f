//! From [`hir`](crate::hir) to a kernel.
//!
//! The code is emitted in the order of the function's own, on mutable variables of lanes. Where it
//! parts, both ways are run on copies and every variable that one of them assigned is selected:
//!
//! ```text
//! if c { a = 1 } else { b = 2 }      let c = ..; let a0 = a; let b0 = b;
//!                                    { a = 1 } let a1 = a; a = a0;
//!                                    { b = 2 }
//!                                    a = select(c, a1, a); b = select(c, b0, b);
//! ```
//!
//! Ways out of the straight line are masks. `active` holds the lanes that have come to this point; a
//! jump takes them away, and an arm has those of its condition. What follows a `break` or a `continue`
//! is run on copies too, and kept in the active lanes. `return` keeps its value in `result`. Each loop
//! with jumps has a mask `run` of the lanes that go on to the next turn, and the function has `live`,
//! for returns from loops. A loop's condition includes the mask of who may run it, so that a lane that
//! is not in the loop never keeps it going. Where nothing asks for it, no mask is made.
//!
//! A loop with no loop inside goes on computing its variables in lanes that are done (`Scratch`), so
//! that no turn waits for a choice made in the one before. For a variable that is read later on, a copy
//! is `kept`: it takes the variable at the end of a turn in the lanes that go on, and at a `break` in
//! those that leave. Lanes that return need none.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::{
    hir::*,
    lower::{Function, Target},
    rewrite,
    types::{Known, Prim, Ty},
};

/// Which lanes have come to a point of the code.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Active {
    /// Those that the function was called for.
    Base,
    /// Those in the variable `active`.
    Live,
    /// None: what follows is never reached.
    Never,
}

/// What a piece of code gives.
enum Value {
    Some(TokenStream),
    Unit(TokenStream),
    Never(TokenStream),
}

impl Value {
    fn tokens(self) -> TokenStream {
        match self {
            Value::Some(t) | Value::Unit(t) | Value::Never(t) => t,
        }
    }
}

/// A loop around the code.
struct Frame {
    id: FrameId,
    /// Whether it has a mask of the lanes that go on to the next turn.
    run: bool,
    /// Whether it has a mask of the lanes that have skipped the rest of a turn from a loop inside.
    cont: bool,
    /// Variables declared right outside the loop and read inside alone: what they hold when a lane
    /// leaves is of no interest.
    inner: BTreeSet<VarId>,
    /// Variables that go on changing in lanes that are done, each with the name of a copy that is kept:
    /// in every running lane it is what the variable was when the turn began.
    kept: BTreeMap<VarId, Ident>,
    /// Those that may have been assigned since then.
    dirty: BTreeSet<VarId>,
}

/// A kernel's body, and what it costs.
pub struct Emitted {
    pub body: TokenStream,
    pub cost: Cost,
}

/// Lane operations: a number, and helpers' own costs, each so many times.
#[derive(Default)]
pub struct Cost {
    pub fixed: u64,
    pub helpers: Vec<(u64, syn::Path)>,
}

struct Emit<'a> {
    function: &'a Function,
    target: &'a Target<'a>,
    krate: &'a syn::Path,
    active: Active,
    frames: Vec<Frame>,
    /// How often each variable is read in the function.
    reads: BTreeMap<VarId, usize>,
    /// A return has been emitted.
    returned: bool,
    /// Returns are masks.
    returns: bool,
    /// Some of them are in loops.
    live: bool,
    temporaries: usize,
}

/// Turns of a `while`, as far as the cost is concerned.
const TURNS: u64 = 8;

/// The lane type of an element type.
pub fn lane_type(prim: Prim) -> TokenStream {
    let name = Ident::new(prim.lane(), Span::call_site());
    quote!(__S::#name)
}

/// The kernel's body, to stand in a function with the names `s`, `on` and the parameters'.
pub fn emit(function: &Function, target: &Target<'_>, krate: &syn::Path) -> Emitted {
    let facts = function.body.facts();
    let returns = facts.jumps.contains(&Jump::Return);
    let mut emit = Emit {
        function,
        target,
        krate,
        active: Active::Base,
        frames: vec![],
        reads: facts.reads.clone(),
        returned: false,
        returns,
        live: returns && returns_in_loop(&function.body, false),
        temporaries: 0,
    };
    let value = emit.body(&function.body);
    let mut cost = Cost::default();
    emit.block_cost(&function.body, 1, &mut cost);
    let (s, active, on, result, live) = (emit.s(), emit.active_var(), emit.on(), result(), live());
    let ops = emit.ops();
    let mut head = quote!();
    if facts.needs_active() {
        head.extend(quote!(let mut #active = #ops::Active::mask(#on, #s);));
    }
    if emit.returns {
        head.extend(quote!(let mut #result = #ops::zero(#s);));
    }
    if emit.live {
        head.extend(quote!(let mut #live = #active;));
    }
    let body = match (value, emit.active) {
        (Value::Some(v), Active::Base) => quote!(#head #v),
        (Value::Some(v), Active::Live) => {
            let end = emit.fresh("end");
            quote!(#head let #end = { #v }; #ops::select(#s, #active, #end, #result))
        }
        (value, _) => {
            let v = value.tokens();
            // Without a return there is no value: the compiler says so of the plain function too.
            let end = returns.then_some(result);
            quote!(#head #v #end)
        }
    };
    Emitted { body, cost }
}

fn returns_in_loop(block: &Block, inside: bool) -> bool {
    fn expr(e: &Expr, inside: bool) -> bool {
        match &e.kind {
            Kind::Return(_) => inside,
            Kind::While(_, _, body) | Kind::For(_, _, body) => returns_in_loop(body, true),
            Kind::Block(b) => returns_in_loop(b, inside),
            Kind::If(_, then, els, _) => {
                returns_in_loop(then, inside) || returns_in_loop(els, inside)
            }
            Kind::Assign(_, value) => expr(value, inside),
            _ => false,
        }
    }
    block.stmts.iter().any(|s| match s {
        Stmt::Let(_, _, Some(e)) | Stmt::Expr(e) => expr(e, inside),
        _ => false,
    }) || block.tail.as_deref().is_some_and(|e| expr(e, inside))
}

fn internal(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The shape's token, in the function's own names.
pub fn shape_var() -> Ident {
    internal("__s")
}

/// Which lanes the function was called for.
pub fn on_var() -> Ident {
    internal("__on")
}

fn result() -> Ident {
    internal("__result")
}

fn live() -> Ident {
    internal("__live")
}

impl Emit<'_> {
    fn s(&self) -> Ident {
        shape_var()
    }

    fn on(&self) -> Ident {
        on_var()
    }

    fn active_var(&self) -> Ident {
        internal("__active")
    }

    fn ops(&self) -> TokenStream {
        let krate = self.krate;
        quote!(#krate::ops)
    }

    /// A function of `ops`, at a place of the user's.
    fn op(&self, name: &str, span: Span) -> TokenStream {
        let krate = self.krate;
        let name = Ident::new(name, span);
        quote_spanned!(span=> #krate::ops::#name)
    }

    fn fresh(&mut self, name: &str) -> Ident {
        self.temporaries += 1;
        internal(&format!("__{name}_{}", self.temporaries))
    }

    fn ident(&self, var: VarId) -> &Ident {
        &self.function.vars[var].ident
    }

    fn run_var(&self, frame: FrameId) -> Ident {
        internal(&format!("__run_{frame}"))
    }

    fn cont_var(&self, frame: FrameId) -> Ident {
        internal(&format!("__skip_{frame}"))
    }

    // ---- values ----------------------------------------------------------------------------------

    /// A uniform value, in plain Rust.
    fn uniform(&self, e: &Expr) -> TokenStream {
        let span = e.span;
        match &e.kind {
            Kind::Lit(lit) => self.literal(lit, e.ty),
            Kind::Var(v) => {
                let ident = self.ident(*v);
                quote!(#ident)
            }
            Kind::Const(path) => path.clone(),
            Kind::Neg(a) => {
                if let Kind::Lit(_) = a.kind {
                    let a = self.uniform(a);
                    return quote_spanned!(span=> (-#a));
                }
                let a = self.uniform(a);
                let ops = self.ops();
                quote_spanned!(span=> #ops::uniform::neg(#a))
            }
            Kind::Not(a) => {
                let a = self.uniform(a);
                quote_spanned!(span=> (!#a))
            }
            Kind::Binary(op, a, b) => {
                let (a, b) = (self.uniform(a), self.uniform(b));
                let ops = self.ops();
                match op {
                    Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem => {
                        let name = Ident::new(op.function(), span);
                        quote_spanned!(span=> #ops::uniform::#name(#a, #b))
                    }
                    Op::Shl | Op::Shr => {
                        let name = Ident::new(op.function(), span);
                        quote_spanned!(span=> #ops::uniform::#name(#a, (#b) as u32))
                    }
                    Op::And => quote_spanned!(span=> (#a && #b)),
                    Op::Or => quote_spanned!(span=> (#a || #b)),
                    Op::BitAnd => quote_spanned!(span=> (#a & #b)),
                    Op::BitOr => quote_spanned!(span=> (#a | #b)),
                    Op::BitXor => quote_spanned!(span=> (#a ^ #b)),
                    Op::Eq => quote_spanned!(span=> (#a == #b)),
                    Op::Ne => quote_spanned!(span=> (#a != #b)),
                    Op::Lt => quote_spanned!(span=> (#a < #b)),
                    Op::Le => quote_spanned!(span=> (#a <= #b)),
                    Op::Gt => quote_spanned!(span=> (#a > #b)),
                    Op::Ge => quote_spanned!(span=> (#a >= #b)),
                }
            }
            Kind::Cast(a, prim) => {
                let a = self.uniform(a);
                let to = Ident::new(prim.name(), span);
                quote_spanned!(span=> ((#a) as #to))
            }
            Kind::Method(method, args) => {
                let args: Vec<_> = args.iter().map(|a| self.uniform(a)).collect();
                let name = Ident::new(method.name, span);
                let (receiver, args) = (&args[0], &args[1..]);
                quote_spanned!(span=> (#receiver).#name(#(#args),*))
            }
            Kind::FromBits(prim, bits) => {
                let bits = self.uniform(bits);
                let prim = Ident::new(prim.name(), span);
                quote_spanned!(span=> #prim::from_bits(#bits))
            }
            Kind::Table(table, index) => {
                let index = self.uniform(index);
                let ops = self.ops();
                quote_spanned!(span=> #ops::entry(&#table[..], #index))
            }
            Kind::If(c, then, els, _) => {
                let c = self.uniform(c);
                let arm = |b: &Block| b.tail.as_ref().map(|t| self.uniform(t));
                let (then, els) = (arm(then), arm(els));
                quote_spanned!(span=> (if #c { #then } else { #els }))
            }
            _ => unreachable!("no other expression is uniform"),
        }
    }

    fn literal(&self, lit: &syn::Lit, ty: Ty) -> TokenStream {
        let types = &self.function.types;
        let unsuffixed = match lit {
            syn::Lit::Int(n) => n.suffix().is_empty(),
            syn::Lit::Float(n) => n.suffix().is_empty(),
            _ => false,
        };
        match self.target.parameter {
            Some((_, dtype)) if unsuffixed => match rewrite::suffix(types, ty, dtype) {
                Some(prim) => {
                    let lit = rewrite::with_suffix(lit, prim);
                    quote!(#lit)
                }
                None => quote!(#lit),
            },
            _ => quote!(#lit),
        }
    }

    /// A uniform value in every lane.
    fn splat(&self, e: &Expr) -> TokenStream {
        let value = self.uniform(e);
        let (s, ops, span) = (self.s(), self.ops(), e.span);
        if let Some(prim) = self.function.types.decided(e.ty) {
            let prim = Ident::new(prim.name(), span);
            return quote_spanned!(span=> #ops::constant::<_, #prim>(#s, #value));
        }
        if typed(e) {
            return quote_spanned!(span=> #ops::constant(#s, #value));
        }
        let krate = self.krate;
        quote_spanned!(span=> #krate::lanes::Shape::lit(#s, #value))
    }

    /// Lanes. The expression is not one that never ends.
    fn lanes(&mut self, e: &Expr) -> TokenStream {
        self.value(e).tokens()
    }

    fn value(&mut self, e: &Expr) -> Value {
        if e.uniform {
            return Value::Some(self.splat(e));
        }
        let (s, span) = (self.s(), e.span);
        Value::Some(match &e.kind {
            Kind::Lit(_) | Kind::Const(_) => unreachable!("these are uniform"),
            Kind::Var(v) => {
                let ident = self.ident(*v);
                quote!(#ident)
            }
            Kind::Neg(a) => {
                let (op, a) = (self.op("neg", span), self.lanes(a));
                quote_spanned!(span=> #op(#a))
            }
            Kind::Not(a) => {
                let (op, a) = (self.op("not", span), self.lanes(a));
                quote_spanned!(span=> #op(#a))
            }
            Kind::Binary(op @ (Op::Shl | Op::Shr), a, b) => {
                let a = self.lanes(a);
                if b.uniform {
                    let op = self.op(&format!("{}_by", op.function()), span);
                    let b = self.uniform(b);
                    quote_spanned!(span=> #op(#s, #a, (#b) as u32))
                } else {
                    let op = self.op(op.function(), span);
                    let b = self.lanes(b);
                    quote_spanned!(span=> #op(#s, #a, #b))
                }
            }
            Kind::Binary(op @ (Op::And | Op::Or), a, b) if b.facts().needs_active() => {
                // What is on the right runs where the left side lets it.
                let (left, right) = (self.fresh("left"), self.fresh("right"));
                let a = self.lanes(a);
                let before = self.active;
                let mask = if *op == Op::And { quote!(#left) } else { quote!(!#left) };
                let (save, restore, enter) = self.narrow(mask);
                self.active = Active::Live;
                let b = self.lanes(b);
                self.active = before;
                let op = self.op(op.function(), span);
                quote_spanned!(span=> {
                    let #left = #a;
                    #save
                    #enter
                    let #right = #b;
                    #restore
                    #op(#left, #right)
                })
            }
            Kind::Binary(op, a, b) => {
                let function = self.op(op.function(), span);
                let a = self.lanes(a);
                let b = self.lanes(b);
                quote_spanned!(span=> #function(#a, #b))
            }
            Kind::Cast(a, prim) => {
                let a = self.lanes(a);
                if *prim == Prim::Bool {
                    // The compiler refuses a number `as bool`; a bool may stay one.
                    return Value::Some(a);
                }
                let op = self.op(&format!("to_{}", prim.lane().to_lowercase()), span);
                quote_spanned!(span=> #op(#a))
            }
            Kind::Method(method, args) => {
                let args: Vec<_> = args.iter().map(|a| self.lanes(a)).collect();
                let krate = self.krate;
                let op = method.op.split("::").map(|part| Ident::new(part, span));
                quote_spanned!(span=> #krate::#(#op)::*(#s, #(#args),*))
            }
            Kind::Pow(base, power) => {
                let (op, base) = (self.op("pow", span), self.lanes(base));
                let power = self.uniform(power);
                quote_spanned!(span=> #op(#s, #base, #power))
            }
            Kind::FromBits(prim, bits) => {
                let op = self.op(&format!("{}_from_bits", prim.name()), span);
                let bits = self.lanes(bits);
                quote_spanned!(span=> #op(#s, #bits))
            }
            Kind::Helper(path, args) => {
                let args: Vec<_> = args.iter().map(|a| self.lanes(a)).collect();
                let (ops, active, on) = (self.ops(), self.active_var(), self.on());
                let on = match self.active {
                    Active::Live => quote!(#ops::Within(#active)),
                    _ => quote!(#on),
                };
                quote_spanned!(span=> #path::within(#s, #on, #(#args),*))
            }
            Kind::Table(table, index) => {
                let op = self.op("lookup", span);
                let to = self.op("to_u64", span);
                let index = self.lanes(index);
                quote_spanned!(span=> #op(#s, &#table[..], #to(#index)))
            }
            Kind::Field(a, n) => {
                let a = self.lanes(a);
                let n = syn::Index { index: *n, span };
                quote_spanned!(span=> (#a).#n)
            }
            Kind::Tuple(parts) => {
                let parts: Vec<_> = parts.iter().map(|a| self.lanes(a)).collect();
                quote_spanned!(span=> (#(#parts),*))
            }
            Kind::Block(block) => return self.block(block),
            Kind::If(c, then, els, end) => return self.choice(c, then, els, *end, span),
            Kind::Assign(v, value) => return self.assign(*v, value),
            Kind::While(frame, cond, body) => {
                return self.while_loop(*frame, cond.as_deref(), body);
            }
            Kind::For(frame, over, body) => return self.for_loop(*frame, over, body),
            Kind::Break(frame) => return self.jump(Jump::Break(*frame)),
            Kind::Continue(frame) => return self.jump(Jump::Continue(*frame)),
            Kind::Return(value) => return self.give_back(value),
        })
    }

    // ---- statements ------------------------------------------------------------------------------

    fn body(&mut self, block: &Block) -> Value {
        self.stmts(&block.stmts, block.tail.as_deref())
    }

    fn block(&mut self, block: &Block) -> Value {
        match self.body(block) {
            Value::Some(t) => Value::Some(quote!({ #t })),
            Value::Unit(t) => Value::Unit(quote!({ #t })),
            Value::Never(t) => Value::Never(quote!({ #t })),
        }
    }

    fn stmts(&mut self, stmts: &[Stmt], tail: Option<&Expr>) -> Value {
        let mut out = quote!();
        for (i, stmt) in stmts.iter().enumerate() {
            let mut jumps = BTreeSet::new();
            match stmt {
                Stmt::Item(item) => out.extend(item.clone()),
                Stmt::LetTable(var, annotation, elements) => {
                    let ident = self.ident(*var).clone();
                    let elements = elements.iter().map(|e| self.uniform(e));
                    out.extend(quote!(let #ident #annotation = [#(#elements),*];));
                }
                Stmt::Let(Binding::Var(v), annotation, Some(init))
                    if self.function.vars[*v].what == What::Uniform =>
                {
                    let ident = self.ident(*v).clone();
                    let value = self.uniform(init);
                    let annotation = annotation.as_ref().map(|ty| quote!(: #ty));
                    out.extend(quote!(let #ident #annotation = #value;));
                }
                Stmt::Let(binding, _, init) => {
                    let value = match init {
                        Some(init) => {
                            jumps = init.facts().jumps;
                            match self.value(init) {
                                Value::Some(v) => v,
                                Value::Unit(v) => v,
                                Value::Never(v) => {
                                    out.extend(quote!(#v;));
                                    return Value::Never(out);
                                }
                            }
                        }
                        // Assigned later, in every way that comes to its use.
                        None => {
                            let (ops, s) = (self.ops(), self.s());
                            quote!(#ops::zero(#s))
                        }
                    };
                    let binding = self.binding(binding);
                    out.extend(quote!(let #binding = #value;));
                }
                Stmt::Expr(e) => {
                    jumps = e.facts().jumps;
                    match self.value(e) {
                        Value::Some(v) => out.extend(quote!(let _ = #v;)),
                        Value::Unit(v) => out.extend(quote!(#v;)),
                        Value::Never(v) => {
                            out.extend(quote!(#v;));
                            return Value::Never(out);
                        }
                    }
                }
            }
            // The rest is for the lanes that have stayed.
            if self.active == Active::Live {
                let rest = block_facts(&stmts[i + 1..], tail);
                let kept: Vec<VarId> = rest
                    .assigned
                    .iter()
                    .copied()
                    .filter(|v| jumps.iter().any(|j| self.matters_after(*v, *j)))
                    .collect();
                if !kept.is_empty() {
                    let (save, olds, stay) = self.keep(&kept);
                    let value = self.stmts(&stmts[i + 1..], tail);
                    let merge = self.merge_kept(&kept, &olds, &stay);
                    let end = self.fresh("end");
                    return match value {
                        Value::Some(v) => {
                            Value::Some(quote!(#out #save let #end = { #v }; #merge #end))
                        }
                        Value::Unit(v) => Value::Unit(quote!(#out #save { #v } #merge)),
                        Value::Never(v) => Value::Never(quote!(#out #save { #v } #merge)),
                    };
                }
            }
        }
        match tail {
            None => Value::Unit(out),
            Some(tail) => match self.value(tail) {
                Value::Some(v) => Value::Some(quote!(#out #v)),
                Value::Unit(v) => Value::Unit(quote!(#out #v;)),
                Value::Never(v) => Value::Never(quote!(#out #v;)),
            },
        }
    }

    /// Whether a lane that jumps may read the variable later on.
    fn matters_after(&self, var: VarId, jump: Jump) -> bool {
        let (Jump::Break(id) | Jump::Continue(id)) = jump else { return false };
        let depth = self.function.vars[var].depth;
        match self.frames.iter().position(|f| f.id == id) {
            Some(target) if matches!(jump, Jump::Break(_)) => {
                let frame = &self.frames[target];
                depth <= target && !frame.inner.contains(&var) && !frame.kept.contains_key(&var)
            }
            Some(target) => depth <= target,
            None => false,
        }
    }

    /// Copies of variables, and of the mask of the lanes that may change them.
    fn keep(&mut self, vars: &[VarId]) -> (TokenStream, Vec<Ident>, Ident) {
        let (stay, active) = (self.fresh("stay"), self.active_var());
        let olds: Vec<Ident> = vars.iter().map(|_| self.fresh("old")).collect();
        let idents = vars.iter().map(|v| self.ident(*v));
        (quote!(let #stay = #active; #(let #olds = #idents;)*), olds, stay)
    }

    fn merge_kept(&self, vars: &[VarId], olds: &[Ident], stay: &Ident) -> TokenStream {
        let (ops, s) = (self.ops(), self.s());
        let idents: Vec<_> = vars.iter().map(|v| self.ident(*v)).collect();
        quote!(#(#idents = #ops::select(#s, #stay, #idents, #olds);)*)
    }

    fn binding(&self, binding: &Binding) -> TokenStream {
        match binding {
            Binding::Wild => quote!(_),
            Binding::Var(v) => {
                let ident = self.ident(*v);
                quote!(mut #ident)
            }
            Binding::Tuple(parts) => {
                let parts = parts.iter().map(|p| self.binding(p));
                quote!((#(#parts),*))
            }
        }
    }

    fn assign(&mut self, var: VarId, value: &Expr) -> Value {
        let facts = value.facts();
        let ident = self.ident(var).clone();
        let value = self.value(value);
        for frame in &mut self.frames {
            frame.dirty.insert(var);
        }
        match value {
            Value::Never(v) => Value::Never(v),
            Value::Some(v) | Value::Unit(v) => {
                if facts.leaves_turn() && self.active == Active::Live {
                    let (ops, s, active) = (self.ops(), self.s(), self.active_var());
                    let new = self.fresh("new");
                    Value::Unit(quote! {{
                        let #new = #v;
                        #ident = #ops::select(#s, #active, #new, #ident);
                    }})
                } else {
                    Value::Unit(quote!(#ident = #v))
                }
            }
        }
    }

    // ---- choices ---------------------------------------------------------------------------------

    /// How to make `active` those of a mask alone: a copy of it, its restoring, and the narrowing.
    fn narrow(&mut self, mask: TokenStream) -> (TokenStream, TokenStream, TokenStream) {
        let (active, on, ops) = (self.active_var(), self.on(), self.ops());
        match self.active {
            Active::Live => {
                let before = self.fresh("before");
                (
                    quote!(let #before = #active;),
                    quote!(#active = #before;),
                    quote!(#active = #before & #mask;),
                )
            }
            _ => (quote!(), quote!(), quote!(#active = #ops::Active::and(#on, #mask);)),
        }
    }

    fn choice(&mut self, c: &Expr, then: &Block, els: &Block, end: bool, span: Span) -> Value {
        if c.uniform {
            return self.uniform_choice(c, then, els, span);
        }
        let (f1, f2) = (then.facts(), els.facts());
        let (needs1, needs2) = (f1.needs_active(), f2.needs_active());
        let jumps = !f1.jumps.is_empty() || !f2.jumps.is_empty();
        let leaves_turn = f1.leaves_turn() || f2.leaves_turn();
        let vars: Vec<VarId> = f1.assigned.union(&f2.assigned).copied().collect();
        let (ops, s, active) = (self.ops(), self.s(), self.active_var());
        let function = self.op("select", span);

        let condition = self.lanes(c);
        let before = self.active;
        if vars.is_empty() && !needs1 && !needs2 {
            let (Value::Some(yes), Value::Some(no)) = (self.block(then), self.block(els)) else {
                return Value::Unit(quote!({ let _ = #condition; }));
            };
            return Value::Some(quote_spanned!(span=> #function(#s, #condition, #yes, #no)));
        }

        let mask = self.fresh("mask");
        let mut out = quote!(let #mask = #condition;);
        let olds: Vec<Ident> = vars.iter().map(|_| self.fresh("old")).collect();
        for (v, old) in vars.iter().zip(&olds) {
            let ident = self.ident(*v);
            out.extend(quote!(let #old = #ident;));
        }
        // `active` in the two arms, both from what it was before.
        let base = if before == Active::Live && (needs1 || needs2 || jumps) {
            let base = self.fresh("before");
            out.extend(quote!(let #base = #active;));
            Some(base)
        } else {
            None
        };
        let on = self.on();
        let restrict = |mask: TokenStream| match &base {
            Some(base) => quote!((#base & #mask)),
            None => quote!(#ops::Active::and(#on, #mask)),
        };
        let (yes_mask, no_mask) = (restrict(quote!(#mask)), restrict(quote!((!#mask))));

        // One way.
        if needs1 {
            out.extend(quote!(#active = #yes_mask;));
            self.active = Active::Live;
        }
        let yes = self.block(then);
        let yes_never = matches!(yes, Value::Never(_));
        let yes_name = self.fresh("yes");
        let yes_some = self.place(yes, &yes_name, &mut out);
        let after1 = if yes_never {
            None
        } else if f1.jumps.is_empty() {
            Some(yes_mask)
        } else {
            let name = self.fresh("stay");
            out.extend(quote!(let #name = #active;));
            Some(quote!(#name))
        };
        let news: Vec<Option<Ident>> = vars
            .iter()
            .zip(&olds)
            .map(|(v, old)| {
                if !f1.assigned.contains(v) {
                    return None;
                }
                let new = self.fresh("new");
                let ident = self.ident(*v);
                out.extend(quote!(let #new = #ident; #ident = #old;));
                Some(new)
            })
            .collect();

        // The other way.
        self.active = before;
        if needs2 {
            out.extend(quote!(#active = #no_mask;));
            self.active = Active::Live;
        }
        let no = self.block(els);
        let no_never = matches!(no, Value::Never(_));
        let no_name = self.fresh("no");
        let no_some = self.place(no, &no_name, &mut out);
        let after2 = if no_never {
            None
        } else if f2.jumps.is_empty() {
            Some(no_mask)
        } else {
            Some(quote!(#active))
        };

        // Together again.
        if !end {
            for ((v, old), new) in vars.iter().zip(&olds).zip(&news) {
                let ident = self.ident(*v);
                let yes = new.as_ref().unwrap_or(old);
                if yes_never && !leaves_turn {
                    // Nobody comes from there.
                } else if no_never && !leaves_turn {
                    out.extend(quote!(#ident = #yes;));
                } else {
                    out.extend(quote!(#ident = #ops::select(#s, #mask, #yes, #ident);));
                }
            }
        }
        self.active = match (jumps, after1, after2) {
            (false, ..) => {
                if let (Some(base), true) = (&base, needs1 || needs2) {
                    out.extend(quote!(#active = #base;));
                }
                before
            }
            (true, None, None) => Active::Never,
            (true, Some(m), None) | (true, None, Some(m)) => {
                out.extend(quote!(#active = #m;));
                Active::Live
            }
            (true, Some(a), Some(b)) => {
                out.extend(quote!(#active = #a | #b;));
                Active::Live
            }
        };
        match (yes_some, no_some) {
            _ if self.active == Active::Never => Value::Never(quote!({ #out })),
            (true, true) => Value::Some(
                quote_spanned!(span=> { #out #function(#s, #mask, #yes_name, #no_name) }),
            ),
            (true, false) if no_never => Value::Some(quote!({ #out #yes_name })),
            (false, true) if yes_never => Value::Some(quote!({ #out #no_name })),
            _ => Value::Unit(quote!({ #out })),
        }
    }

    /// Puts what an arm gives where it can be taken from; whether it gives anything.
    fn place(&mut self, value: Value, name: &Ident, out: &mut TokenStream) -> bool {
        match value {
            Value::Some(v) => {
                out.extend(quote!(let #name = #v;));
                true
            }
            Value::Unit(v) | Value::Never(v) => {
                out.extend(quote!(#v));
                false
            }
        }
    }

    /// A condition that is the same in every lane is a branch.
    fn uniform_choice(&mut self, c: &Expr, then: &Block, els: &Block, span: Span) -> Value {
        let jumps = !then.facts().jumps.is_empty() || !els.facts().jumps.is_empty();
        let condition = self.uniform(c);
        let (ops, s, active) = (self.ops(), self.s(), self.active_var());
        let mut out = quote!();
        if jumps && self.active == Active::Base {
            let on = self.on();
            out.extend(quote!(#active = #ops::Active::mask(#on, #s);));
            self.active = Active::Live;
        }
        let before = self.active;
        let yes = self.body(then);
        self.active = before;
        let no = self.body(els);
        let (yes_never, no_never) = (matches!(yes, Value::Never(_)), matches!(no, Value::Never(_)));
        let gives = matches!(yes, Value::Some(_)) || matches!(no, Value::Some(_));
        let arm = |value: Value| match value {
            Value::Some(v) => v,
            Value::Unit(v) => v,
            Value::Never(v) => {
                let nothing = gives.then(|| quote!(#ops::zero(#s)));
                let off = quote!(#active = #ops::zero(#s););
                quote!(#v #off #nothing)
            }
        };
        let (yes, no) = (arm(yes), arm(no));
        out.extend(quote_spanned!(span=> if #condition { #yes } else { #no }));
        self.active = if yes_never && no_never { Active::Never } else { before };
        match (self.active, gives) {
            (Active::Never, _) => Value::Never(quote!({ #out })),
            (_, true) => Value::Some(quote!({ #out })),
            (_, false) => Value::Unit(quote!({ #out })),
        }
    }

    // ---- jumps -----------------------------------------------------------------------------------

    /// The lanes that have come here, as a mask.
    fn here(&self) -> TokenStream {
        let (active, on, ops, s) = (self.active_var(), self.on(), self.ops(), self.s());
        match self.active {
            Active::Base => quote!(#ops::Active::mask(#on, #s)),
            _ => quote!(#active),
        }
    }

    fn jump(&mut self, jump: Jump) -> Value {
        let ops = self.ops();
        let here = self.here();
        let mut out = quote!();
        let target = match jump {
            Jump::Return => None,
            Jump::Break(id) | Jump::Continue(id) => self.frames.iter().position(|f| f.id == id),
        };
        for (i, frame) in self.frames.iter().enumerate().rev() {
            let is_target = Some(i) == target;
            let ends = match jump {
                Jump::Return => true,
                Jump::Break(_) => Some(i) >= target,
                Jump::Continue(_) => Some(i) > target,
            };
            if ends && frame.run {
                let run = self.run_var(frame.id);
                out.extend(quote!(#run = #ops::and_not(#run, #here);));
            }
            if is_target && frame.cont && matches!(jump, Jump::Continue(_)) {
                let cont = self.cont_var(frame.id);
                out.extend(quote!(#cont = #cont | #here;));
            }
            if is_target && matches!(jump, Jump::Break(_)) {
                for (v, kept) in frame.kept.iter().filter(|(v, _)| frame.dirty.contains(v)) {
                    let (ident, s) = (self.ident(*v), self.s());
                    out.extend(quote!(#kept = #ops::select(#s, #here, #ident, #kept);));
                }
            }
        }
        if jump == Jump::Return && self.live && !self.frames.is_empty() {
            let live = live();
            out.extend(quote!(#live = #ops::and_not(#live, #here);));
        }
        self.active = Active::Never;
        Value::Never(out)
    }

    fn give_back(&mut self, value: &Expr) -> Value {
        let v = self.lanes(value);
        let (ops, s, here, result) = (self.ops(), self.s(), self.here(), result());
        // The first one needs no choice: where it does not hold, another value will be taken.
        let first = !self.returned && self.frames.is_empty();
        self.returned = true;
        let set = if first {
            quote!(#result = #v;)
        } else {
            quote!(#result = #ops::select(#s, #here, #v, #result);)
        };
        let jump = self.jump(Jump::Return).tokens();
        Value::Never(quote!(#set #jump))
    }

    // ---- loops -----------------------------------------------------------------------------------

    /// What a loop with this body needs, and what the jumps that leave it mean around it.
    fn frame(
        &self,
        id: FrameId,
        facts: &Facts,
        condition: &Facts,
        body: &Block,
    ) -> (Frame, Vec<Jump>) {
        let leaving: Vec<Jump> = facts
            .jumps
            .iter()
            .copied()
            .filter(|j| !matches!(j, Jump::Break(f) | Jump::Continue(f) if *f == id))
            .collect();
        let run = facts.jumps.contains(&Jump::Break(id)) || !leaving.is_empty();
        let cont = continues_from_inside(body, id, false);
        let inside = |v: &VarId| {
            facts.reads.get(v).copied().unwrap_or(0) + condition.reads.get(v).copied().unwrap_or(0)
        };
        let inner = facts
            .assigned
            .iter()
            .copied()
            .filter(|v| self.function.vars[*v].depth == self.frames.len())
            .filter(|v| self.reads.get(v).copied().unwrap_or(0) == inside(v))
            .collect();
        (Frame { id, run, cont, inner, kept: BTreeMap::new(), dirty: BTreeSet::new() }, leaving)
    }

    /// Masks, outside a loop, that jumps out of it change.
    fn outer_masks(&self, leaving: &[Jump]) -> Vec<Ident> {
        let mut out = vec![];
        let mut push = |ident: Ident| {
            if !out.contains(&ident) {
                out.push(ident);
            }
        };
        for jump in leaving {
            let target = match jump {
                Jump::Return => None,
                Jump::Break(id) | Jump::Continue(id) => {
                    self.frames.iter().position(|f| f.id == *id)
                }
            };
            for (i, frame) in self.frames.iter().enumerate() {
                let ends = match jump {
                    Jump::Return => true,
                    Jump::Break(_) => Some(i) >= target,
                    Jump::Continue(_) => Some(i) > target,
                };
                if ends && frame.run {
                    push(self.run_var(frame.id));
                }
                if Some(i) == target && frame.cont && matches!(jump, Jump::Continue(_)) {
                    push(self.cont_var(frame.id));
                }
            }
            if *jump == Jump::Return {
                push(result());
                if self.live {
                    push(live());
                }
            }
        }
        out
    }

    /// After a loop: the lanes that came to it and did not jump further out.
    fn after_loop(&mut self, leaving: &[Jump], before: Active, entry: &Ident) -> TokenStream {
        let (active, ops, on) = (self.active_var(), self.ops(), self.on());
        self.active = before;
        if leaving.is_empty() {
            return match before {
                Active::Live => quote!(#active = #entry;),
                _ => quote!(),
            };
        }
        let mut stay = vec![];
        match self.frames.last() {
            None => {
                let live = live();
                stay.push(quote!(#live));
            }
            Some(parent) => {
                if parent.run && leaving.iter().any(|j| *j != Jump::Continue(parent.id)) {
                    let run = self.run_var(parent.id);
                    stay.push(quote!(#run));
                }
                if parent.cont && leaving.contains(&Jump::Continue(parent.id)) {
                    let cont = self.cont_var(parent.id);
                    stay.push(quote!(!#cont));
                }
            }
        }
        self.active = Active::Live;
        let stay = quote!(#((#stay))&*);
        match before {
            Active::Live => quote!(#active = #entry & #stay;),
            _ => quote!(#active = #ops::Active::and(#on, #stay);),
        }
    }

    fn while_loop(&mut self, id: FrameId, cond: Option<&Expr>, body: &Block) -> Value {
        let facts = body.facts();
        let cond_facts = cond.map(Expr::facts).unwrap_or_default();
        let before = self.active;
        let (s, ops, active, on) = (self.s(), self.ops(), self.active_var(), self.on());
        let (mut frame, leaving) = self.frame(id, &facts, &cond_facts, body);
        let (run, has_run, has_cont) = (self.run_var(id), frame.run, frame.cont);
        let entry = self.fresh("entry");
        let mut out = quote!();
        if before == Active::Live {
            out.extend(quote!(let #entry = #active;));
        }
        if has_run {
            let here = self.here();
            out.extend(quote!(let mut #run = #here;));
        }

        // What goes round. A variable that only the loop itself reads may become anything in a lane that
        // is done, unless a loop inside, or in a helper, might not end on that. One that is read both
        // here and later on may too, if a copy is kept: then the choice between what it was and what it
        // becomes is no part of what the next turn waits for.
        let krate = self.krate;
        let ends = !facts.loops && !cond_facts.loops;
        let copies = ends && leaving.iter().all(|j| *j == Jump::Return);
        let mut state: Vec<TokenStream> = vec![];
        let mut keep = quote!();
        let mut back = quote!();
        for v in facts.assigned.union(&cond_facts.assigned) {
            let ident = self.ident(*v).clone();
            if ends && frame.inner.contains(v) {
                state.push(quote!(#krate::lanes::Scratch(#ident)));
            } else if copies
                && !cond_facts.assigned.contains(v)
                && (facts.reads.contains_key(v) || cond_facts.reads.contains_key(v))
            {
                let kept = self.fresh("kept");
                out.extend(quote!(let mut #kept = #ident;));
                state.push(quote!(#krate::lanes::Scratch(#ident)));
                state.push(quote!(#kept));
                keep.extend(if has_run {
                    quote!(#kept = #ops::select(#s, #run, #ident, #kept);)
                } else {
                    quote!(#kept = #ident;)
                });
                back.extend(quote!(#ident = #kept;));
                frame.kept.insert(*v, kept);
            } else {
                state.push(quote!(#ident));
            }
        }
        if has_run {
            state.push(quote!(#run));
        }
        state.extend(self.outer_masks(&leaving).iter().map(|mask| quote!(#mask)));
        let nested = state.iter().rev().fold(quote!(()), |rest, v| quote!((#v, #rest)));

        self.frames.push(frame);
        // The condition, of the lanes that are in the loop.
        let go = self.fresh("go");
        let mut turn = quote!();
        if cond_facts.needs_active() {
            let here = if has_run {
                quote!(#run)
            } else if before == Active::Live {
                quote!(#entry)
            } else {
                quote!(#ops::Active::mask(#on, #s))
            };
            turn.extend(quote!(#active = #here;));
            self.active = Active::Live;
        }
        let condition = match cond {
            // `while true`: what is left is who runs.
            Some(c) if !(c.uniform && has_run && is_true(c)) => {
                let c = self.lanes(c);
                if has_run {
                    quote!(#run & #c)
                } else if before == Active::Live {
                    quote!(#entry & #c)
                } else {
                    quote!(#ops::Active::and(#on, #c))
                }
            }
            _ => quote!(#run),
        };
        turn.extend(quote!(let #go = #condition;));
        let turns = self.fresh("turns");
        let protocol = quote!(#krate::lanes::Turns);
        turn.extend(quote!(if !#protocol::check(&mut #turns, #go) { break; }));
        if has_cont {
            let cont = self.cont_var(id);
            turn.extend(quote!(let mut #cont: __S::Mask = #ops::zero(#s);));
        }
        self.active = if facts.needs_active() {
            turn.extend(quote!(#active = #go;));
            Active::Live
        } else {
            before
        };
        let body = self.block(body).tokens();
        turn.extend(quote!(#body #keep));
        self.frames.pop();

        let after = self.after_loop(&leaving, before, &entry);
        out.extend(quote! {
            let mut #turns = #krate::lanes::Shape::turns(#s, #nested);
            loop {
                #nested = #protocol::state(&#turns);
                #turn
                if !#protocol::next(&mut #turns, #nested) { break; }
            }
            #nested = #protocol::finish(#turns);
            #back
            #after
        });
        Value::Unit(quote!({ #out }))
    }

    fn for_loop(&mut self, id: FrameId, over: &For, body: &Block) -> Value {
        let facts = body.facts();
        let before = self.active;
        let (s, ops, active, on) = (self.s(), self.ops(), self.active_var(), self.on());
        let (frame, leaving) = self.frame(id, &facts, &Facts::default(), body);
        let (run, has_run, has_cont) = (self.run_var(id), frame.run, frame.cont);
        let entry = self.fresh("entry");
        let mut out = quote!();
        if before == Active::Live {
            out.extend(quote!(let #entry = #active;));
        }
        if has_run {
            let here = self.here();
            out.extend(quote!(let mut #run = #here;));
        }

        let mut turn = quote!();
        if has_cont {
            let cont = self.cont_var(id);
            turn.extend(quote!(let mut #cont: __S::Mask = #ops::zero(#s);));
        }
        let jumps = !facts.jumps.is_empty();
        if jumps {
            let here = if has_run {
                quote!(#run)
            } else if before == Active::Live {
                quote!(#entry)
            } else {
                quote!(#ops::Active::mask(#on, #s))
            };
            turn.extend(quote!(#active = #here;));
            self.active = Active::Live;
        }
        // Lanes that have left keep what they have.
        let kept: Vec<VarId> = if has_run {
            facts.assigned.difference(&frame.inner).copied().collect()
        } else {
            vec![]
        };
        let (save, olds, stay) =
            if kept.is_empty() { (quote!(), vec![], entry.clone()) } else { self.keep(&kept) };
        let merge = self.merge_kept(&kept, &olds, &stay);
        // A jump in it may come after an assignment of the turn before.
        for around in &mut self.frames {
            around.dirty.extend(&facts.assigned);
        }
        self.frames.push(frame);
        let body = self.block(body).tokens();
        self.frames.pop();
        turn.extend(quote!(#save #body #merge));

        let iterator = self.iterator(over);
        let pattern = self.for_pattern(&over.pattern);
        let after = self.after_loop(&leaving, before, &entry);
        out.extend(quote! {
            for #pattern in #iterator { #turn }
            #after
        });
        Value::Unit(quote!({ #out }))
    }

    fn for_pattern(&self, binding: &Binding) -> TokenStream {
        match binding {
            Binding::Wild => quote!(_),
            Binding::Var(v) => {
                let ident = self.ident(*v);
                quote!(#ident)
            }
            Binding::Tuple(parts) => {
                let parts = parts.iter().map(|p| self.for_pattern(p));
                quote!((#(#parts),*))
            }
        }
    }

    fn iterator(&self, over: &For) -> TokenStream {
        let mut out = match &over.over {
            Over::Range(a, b, closed) => {
                let (a, b) = (self.uniform(a), self.uniform(b));
                if *closed { quote!((#a..=#b)) } else { quote!((#a..#b)) }
            }
            Over::Table(table) => quote!(#table.iter().copied()),
        };
        if over.rev {
            out.extend(quote!(.rev()));
        }
        if let Some(step) = &over.step {
            let step = self.uniform(step);
            out.extend(quote!(.step_by(#step)));
        }
        if over.enumerate {
            out.extend(quote!(.enumerate()));
        }
        out
    }

    // ---- cost ------------------------------------------------------------------------------------

    fn block_cost(&self, block: &Block, times: u64, cost: &mut Cost) {
        for stmt in &block.stmts {
            match stmt {
                Stmt::Let(_, _, Some(e)) | Stmt::Expr(e) => self.cost(e, times, cost),
                _ => {}
            }
        }
        if let Some(tail) = &block.tail {
            self.cost(tail, times, cost);
        }
    }

    fn cost(&self, e: &Expr, times: u64, cost: &mut Cost) {
        if e.uniform {
            return;
        }
        let mut add = |n: u64| cost.fixed = cost.fixed.saturating_add(n.saturating_mul(times));
        let is_float =
            |ty: Ty| !matches!(self.function.types.known(ty), Known::Prim(p) if !p.is_float());
        match &e.kind {
            Kind::Lit(_) | Kind::Const(_) | Kind::Var(_) => {}
            Kind::Neg(a) | Kind::Not(a) => {
                add(1);
                self.cost(a, times, cost);
            }
            Kind::Cast(a, _) => {
                add(1);
                self.cost(a, times, cost);
            }
            Kind::FromBits(_, a) | Kind::Field(a, _) => self.cost(a, times, cost),
            Kind::Table(_, a) => {
                add(6);
                self.cost(a, times, cost);
            }
            Kind::Binary(op, a, b) => {
                // No CPU divides integers in lanes, and a float's remainder is a function.
                add(match (op, is_float(a.ty)) {
                    (Op::Div, true) => 4,
                    (Op::Div | Op::Rem, _) => 16,
                    _ => 1,
                });
                self.cost(a, times, cost);
                self.cost(b, times, cost);
            }
            Kind::Pow(a, _) => {
                add(8);
                self.cost(a, times, cost);
            }
            Kind::Method(method, args) => {
                add(u64::from(method.cost));
                args.iter().for_each(|a| self.cost(a, times, cost));
            }
            Kind::Helper(path, args) => {
                cost.helpers.push((times, path.clone()));
                args.iter().for_each(|a| self.cost(a, times, cost));
            }
            Kind::Tuple(args) => args.iter().for_each(|a| self.cost(a, times, cost)),
            Kind::Block(block) => self.block_cost(block, times, cost),
            Kind::If(c, then, els, _) => {
                let assigned = then.facts().assigned.len() + els.facts().assigned.len();
                let value = usize::from(then.tail.is_some());
                add((assigned + value).max(1) as u64);
                self.cost(c, times, cost);
                self.block_cost(then, times, cost);
                self.block_cost(els, times, cost);
            }
            Kind::Assign(_, a) => self.cost(a, times, cost),
            Kind::While(_, c, body) => {
                let times = times.saturating_mul(TURNS);
                if let Some(c) = c {
                    self.cost(c, times, cost);
                }
                self.block_cost(body, times, cost);
            }
            Kind::For(_, over, body) => {
                self.block_cost(body, times.saturating_mul(over.turns.unwrap_or(TURNS)), cost);
            }
            Kind::Break(_) | Kind::Continue(_) => add(1),
            Kind::Return(a) => {
                add(2);
                self.cost(a, times, cost);
            }
        }
    }
}

fn is_true(e: &Expr) -> bool {
    matches!(&e.kind, Kind::Lit(syn::Lit::Bool(b)) if b.value)
}

/// Whether the compiler knows the type of a uniform value from the value itself.
fn typed(e: &Expr) -> bool {
    match &e.kind {
        Kind::Const(_) | Kind::Cast(..) | Kind::FromBits(..) | Kind::Table(..) => true,
        Kind::Neg(a) | Kind::Not(a) => typed(a),
        Kind::Binary(_, a, b) => typed(a) || typed(b),
        Kind::Method(..) => true,
        Kind::If(_, a, b, _) => {
            a.tail.as_deref().is_some_and(typed) || b.tail.as_deref().is_some_and(typed)
        }
        _ => false,
    }
}

/// Whether a `continue` of this loop stands in a loop inside it.
fn continues_from_inside(block: &Block, id: FrameId, inside: bool) -> bool {
    fn expr(e: &Expr, id: FrameId, inside: bool) -> bool {
        match &e.kind {
            Kind::Continue(f) => *f == id && inside,
            Kind::While(_, _, body) | Kind::For(_, _, body) => {
                continues_from_inside(body, id, true)
            }
            Kind::Block(b) => continues_from_inside(b, id, inside),
            Kind::If(_, then, els, _) => {
                continues_from_inside(then, id, inside) || continues_from_inside(els, id, inside)
            }
            Kind::Assign(_, value) => expr(value, id, inside),
            _ => false,
        }
    }
    block.stmts.iter().any(|s| match s {
        Stmt::Let(_, _, Some(e)) | Stmt::Expr(e) => expr(e, id, inside),
        _ => false,
    }) || block.tail.as_deref().is_some_and(|e| expr(e, id, inside))
}
