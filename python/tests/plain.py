"""An oracle for the examples in docstrings: NumPy's functions under lanefn's names, and Python's `math` or a few
plain lines where NumPy has none."""

import cmath
import math

import numpy as np

from oracle import numpys


def exact_turn(function, exact):
    """A function of `pi x`, from what is known to be exact at quarters of a turn."""

    def of(x):
        quarters = 2 * (x % 2)
        return exact[int(quarters)] if quarters == int(quarters) else function(math.pi * (x % 2))

    return of


def problem(x):
    return x + 1 if x > 2 else x - 1


def wind_power(v):
    if 3.5 <= v < 13:
        return 2000 * (v**3 - 3.5**3) / (13**3 - 3.5**3)
    return 2000.0 if 13 <= v < 25 else 2000 - 200 * (v - 25) if 25 <= v < 30 else 0.0


def ten_branches(x):
    pieces = [
        (x < -100, lambda: x / 2),
        (x < -10, lambda: x + 50),
        (x < -5, lambda: x**2),
        (x < -1, lambda: 1 / x),
        (x < 0, lambda: -math.sqrt(-x)),
        (x < 0.5, lambda: x**3),
        (x < 1, lambda: 1 - x),
        (x < 10, lambda: math.sqrt(x) + (x - 3) / 4),
        (x < 100, lambda: math.floor(x)),
    ]
    return next((piece() for holds, piece in pieces if holds), 2.25 - 1 / x)


def mandelbrot(re, im):
    z, c = 0j, complex(re, im)
    for count in range(256):
        if abs(z) > 2:
            return count
        z = z * z + c
    return 256


def beaufort(v):
    # The bounds follow 0.836 force^1.5, and are written with one digit.
    bounds = [0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7]
    assert all(abs(b - 0.836 * (n + 0.5) ** 1.5) < 0.4 for n, b in enumerate(bounds))
    return [0.0, 0.1, 0.2, 0.6, 1.0, 2.0, 3.0, 4.0, 5.5, 7.0, 9.0, 11.5, 14.0][sum(v >= b for b in bounds)]


def haversine(*degrees):
    def place(latitude, longitude):
        a, b = math.radians(latitude), math.radians(longitude)
        return math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)

    return 6371.0088 * 2 * math.asin(math.dist(place(*degrees[:2]), place(*degrees[2:])) / 2)


def wind_direction(u, v):
    return math.degrees(cmath.phase(complex(-v, -u))) % 360 if u or v else 0.0


def normal(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2


def black_scholes(spot, strike, rate, volatility, time):
    forward, spread = spot * math.exp(rate * time), volatility * math.sqrt(time)
    d1 = math.log(forward / strike) / spread + spread / 2
    call = math.exp(-rate * time) * (forward * normal(d1) - strike * normal(d1 - spread))
    return call, call - spot + strike * math.exp(-rate * time)


def srgb_to_linear(x):
    return x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4


def linear_to_srgb(x):
    return x * 12.92 if x <= 0.0031308 else 1.055 * x ** (5 / 12) - 0.055


def xlogy(x, y):
    return x * math.log(y) if x else 0.0


def half_away(x):
    return math.copysign(math.floor(abs(x) + 0.5), x)


FLOAT = {
    "wind_power": wind_power,
    "ten_branches": ten_branches,
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "beaufort": beaufort,
    "gaussian_bump": lambda x: x / math.exp(x * x),
    "srgb_to_linear": srgb_to_linear,
    "linear_to_srgb": linear_to_srgb,
    "haversine": haversine,
    "wind_direction": wind_direction,
    "gelu": lambda x: x * normal(x),
    "exp10": lambda x: 10.0**x,
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "sigmoid": lambda x: (1 + math.tanh(x / 2)) / 2,
    "logit": lambda p: math.log(p) - math.log(1 - p),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "xlogy": xlogy,
    "sinpi": exact_turn(math.sin, [0.0, 1.0, 0.0, -1.0]),
    "cospi": exact_turn(math.cos, [1.0, 0.0, -1.0, 0.0]),
    "tanpi": exact_turn(math.tan, [0.0, math.inf, -0.0, -math.inf]),
    "erf": math.erf,
    "erfc": math.erfc,
    "gamma": math.gamma,
    "lgamma": math.lgamma,
    "round": half_away,
}
OTHER = {
    "problem": lambda x: np.array([problem(v) for v in x.tolist()], x.dtype),
    "mandelbrot": np.vectorize(mandelbrot, otypes=[np.uint32]),
    "black_scholes": np.vectorize(black_scholes, otypes=[float, float]),
    "sincos": lambda x: (np.sin(x), np.cos(x)),
}


class Oracle:
    """What stands for the module `lanefn` in examples."""

    def __getattr__(self, name):
        if name in OTHER:
            return OTHER[name]
        if name in FLOAT:
            return np.vectorize(FLOAT[name], otypes=[float])
        names = {"bit_count": "bitwise_count"}
        found = numpys(names.get(name, name))
        if found is None:
            raise AttributeError(name)
        return found
