//! Which shapes each level offers: one for each element size, in which that element fills a register.

/// Defines a shape: its token, and what each of its lane types is made of.
///
/// `mask` is the form of its masks, `look-up` what looks up in tables, `sixteenth` in those of sixteen numbers,
/// `deinterleave` what tells even from odd places, if the level has something for it; each dtype names a block and
/// how many of them.
macro_rules! shape {
    (
        $(#[$doc:meta])*
        $name:ident: $n:literal lanes, mask $truth:ty $(, look-up $look_up:ident)?
        $(, sixteenth $sixteenth:ident)? $(, deinterleave $deinterleave:ident)? {
            $($lane:ident = $block:ty, $k:literal;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(());

        // SAFETY: the only way to a token is the unsafe function.
        unsafe impl $crate::lanes::Machine for $name {
            const N: usize = $n;
            #[inline(always)]
            unsafe fn token() -> Self {
                Self(())
            }
            #[inline(always)]
            fn convert<
                A: $crate::lanes::MachineLane<Shape = Self>,
                B: $crate::lanes::MachineLane<Shape = Self>,
            >(
                self,
                a: A,
            ) -> B {
                convert(self, a)
            }
            $(
                #[inline(always)]
                fn look_up<V: $crate::lanes::MachineLane<Shape = Self>>(
                    self,
                    table: &[V::Elem],
                    index: <Self as $crate::lanes::Shape>::U64,
                ) -> V {
                    $look_up(table, index)
                }
            )?
            $(
                #[inline(always)]
                fn look_up_sixteenth(
                    self,
                    table: &'static [f32; 16],
                    index: <Self as $crate::lanes::Shape>::U32,
                ) -> <Self as $crate::lanes::Shape>::F32 {
                    $sixteenth::<
                        Self,
                        <Self as $crate::lanes::Shape>::U32,
                        <Self as $crate::lanes::Shape>::F32,
                    >(table, index)
                }
            )?
            $(
                #[inline(always)]
                fn deinterleave<V: $crate::lanes::MachineLane<Shape = Self>>(
                    self,
                    a: V,
                    b: V,
                ) -> [V; 2] {
                    $deinterleave(self, a, b)
                }
            )?
        }

        impl $crate::lanes::vector::Masked for $name {
            type Truth = $truth;
        }

        impl $crate::lanes::Shape for $name {
            type Mask = $crate::lanes::vector::Truths<Self, $truth>;
            $(type $lane = $crate::lanes::vector::Vector<Self, $block, $k>;)*

            type Turns<T: $crate::lanes::State<Self>> = $crate::lanes::vector::MaskedTurns<Self, T>;

            #[inline(always)]
            fn sixteenth(self, table: &'static [f32; 16], index: Self::U32) -> Self::F32 {
                $crate::lanes::Machine::look_up_sixteenth(self, table, index)
            }
            #[inline(always)]
            fn turns<T: $crate::lanes::State<Self>>(self, state: T) -> Self::Turns<T> {
                $crate::lanes::vector::MaskedTurns::new(self, state)
            }
            #[inline(always)]
            fn enter_slow(self, mask: Self::Mask) -> bool {
                $crate::lanes::vector::MachineMask::any(mask)
            }
            #[inline(always)]
            fn leave_slow<T: $crate::lanes::State<Self>>(
                self,
                mask: Self::Mask,
                slow: T,
                value: T,
            ) -> T {
                $crate::lanes::select_state(mask, slow, value)
            }
        }
    };
}
pub(super) use shape;
