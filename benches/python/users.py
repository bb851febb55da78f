"""64 functions as people write them for np.vectorize, with arguments: 42 of numbers, 22 that need Python.

The constructs are in the proportions of a survey of 132 functions that people vectorize: arithmetic in 42 of 100,
conditions in 27, closures and globals in 24, tables in 19, attributes of `self` in 17, `math` in 11, helpers in 9,
rounding in 9, NumPy's functions in 7, `min` and `max` in 7, the rest in 5 or fewer, and strings, dates and other
objects in 35. They were written before any was compiled; none was changed or left out for whether it compiles or is fast.
"""

import datetime
import math
import re
from fractions import Fraction

import numpy as np

SIZE = 100_000
RNG = np.random.default_rng(7)
ARRAYS = {
    "x": RNG.normal(0, 5, SIZE),
    "y": RNG.normal(0, 5, SIZE),
    "p": RNG.uniform(0.1, 50, SIZE),
    "q": RNG.uniform(0.1, 50, SIZE),
    "u": RNG.uniform(0, 1, SIZE),
    "n": RNG.integers(0, 20, SIZE),
    "m": RNG.integers(0, 20, SIZE),
    "i": RNG.integers(-100, 100, SIZE),
    "day": RNG.integers(1, 366, SIZE),
    "lat": RNG.uniform(-60, 60, SIZE),
    "lon": RNG.uniform(-180, 180, SIZE),
    "gap": np.where(RNG.uniform(0, 1, SIZE) < 0.1, np.nan, RNG.normal(0, 5, SIZE)),
    "word": RNG.choice(["red", "green", "Blue", "n/a", "12.5", "a_b_c"], SIZE),
    "code": RNG.choice(["A", "B", "C"], SIZE),
    "date": RNG.integers(700_000, 740_000, SIZE).astype(object),
    "any": np.array([[1, 2.5, "three", None][k] for k in RNG.integers(0, 4, SIZE)], object),
}
ARRAYS["date"] = np.array([datetime.date.fromordinal(d) for d in ARRAYS["date"]], object)

NUMERIC, OBJECTS = [], []


def numeric(*names):
    return lambda function: NUMERIC.append((function, names)) or function


def objects(*names):
    return lambda function: OBJECTS.append((function, names)) or function


# ---- arithmetic and conditions ------------------------------------------------------------------------


@numeric("x")
def step(x):
    return 1 if x >= 0 else 0


@numeric("x")
def soft_threshold(x):
    if x > 1.5:
        return x - 1.5
    elif x < -1.5:
        return x + 1.5
    else:
        return 0.0


@numeric("p")
def income_tax(income):
    tax = 0.0
    if income > 40:
        tax += (income - 40) * 0.45
        income = 40
    if income > 12:
        tax += (income - 12) * 0.2
    return tax


@numeric("x", "y")
def larger_magnitude(a, b):
    if abs(a) > abs(b):
        return a
    return b


@numeric("p", "q")
def body_mass_class(weight, height):
    bmi = weight / height**2
    if bmi < 18.5:
        return 0
    if 18.5 <= bmi < 25:
        return 1
    if 25 <= bmi < 30:
        return 2
    return 3


@numeric("x")
def triangle_wave(t):
    t = t % 4
    if t < 1:
        return t
    elif t < 3:
        return 2 - t
    return t - 4


@numeric("u", "u")
def quadrant(a, b):
    return (1 if b > 0.5 else 4) if a > 0.5 else (2 if b > 0.5 else 3)


@numeric("gap")
def fill(x):
    return 0.0 if math.isnan(x) else x


@numeric("gap", "p")
def ratio_or_nan(a, b):
    if np.isnan(a) or b == 0:
        return np.nan
    return a / b


@numeric("i")
def collatz_step(n):
    return n // 2 if n % 2 == 0 else 3 * n + 1


# ---- math and numpy -----------------------------------------------------------------------------------


@numeric("lat", "lon")
def distance_from_greenwich(lat, lon):
    phi1, phi2 = math.radians(51.4779), math.radians(lat)
    dphi = phi2 - phi1
    dlam = math.radians(lon)
    a = math.sin(dphi / 2) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(dlam / 2) ** 2
    return 2 * 6371.0 * math.atan2(math.sqrt(a), math.sqrt(1 - a))


@numeric("x")
def normal_cdf(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


@numeric("p", "q")
def call_price(s, k, r=0.02, sigma=0.3, t=1.0):
    d1 = (math.log(s / k) + (r + sigma**2 / 2) * t) / (sigma * math.sqrt(t))
    d2 = d1 - sigma * math.sqrt(t)
    n1 = 0.5 * (1 + math.erf(d1 / math.sqrt(2)))
    n2 = 0.5 * (1 + math.erf(d2 / math.sqrt(2)))
    return s * n1 - k * math.exp(-r * t) * n2


@numeric("p")
def planck(wavelength):
    c1, c2, temperature = 3.7418e8, 1.4388e4, 5778
    try:
        return c1 / (wavelength**5 * (math.exp(c2 / (wavelength * temperature)) - 1))
    except OverflowError:
        return 0.0


@numeric("n")
def combinations(n):
    return math.factorial(n) / (math.factorial(3) * math.factorial(n - 3)) if n >= 3 else 0


@numeric("x")
def gaussian(x):
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


@numeric("x", "y")
def wrapped_angle(a, b):
    return np.arctan2(np.sin(a - b), np.cos(a - b))


@numeric("p")
def db(power):
    return 10 * np.log10(np.maximum(power, 1e-12))


# ---- closures, globals, helpers, defaults -------------------------------------------------------------

RATE, LIMIT = 0.035, 25.0


@numeric("p")
def with_interest(amount):
    if amount > LIMIT:
        return amount * (1 + RATE)
    return amount


def logistic(steepness, middle):
    def curve(x):
        return 1.0 / (1.0 + math.exp(-steepness * (x - middle)))

    return curve


numeric("x")(logistic(1.3, 0.5))


def piecewise(knots, slopes):
    def value(x):
        total = 0.0
        for k, s in zip(knots, slopes):
            if x > k:
                total += s * (x - k)
        return total

    return value


numeric("x")(piecewise([-3.0, 0.0, 2.0], [0.5, 1.0, -2.0]))

numeric("x")(lambda x: x * x if x > 0 else -x * x)


def clamp(value, low, high):
    return max(low, min(high, value))


@numeric("x")
def brightness(x):
    return int(clamp(x * 30 + 128, 0, 255))


def fahrenheit(celsius):
    return celsius * 9 / 5 + 32


@numeric("x", "u")
def heat_index(celsius, humidity):
    t = fahrenheit(celsius)
    r = humidity * 100
    if t < 80:
        return 0.5 * (t + 61.0 + (t - 68.0) * 1.2 + r * 0.094)
    return -42.379 + 2.04901523 * t + 10.14333127 * r - 0.22475541 * t * r


@numeric("p")
def wind_chill(speed, temperature=-5.0, unit=None):
    chill = 13.12 + 0.6215 * temperature - 11.37 * speed**0.16 + 0.3965 * temperature * speed**0.16
    if unit is not None:
        chill = fahrenheit(chill)
    return round(chill, 1)


EPOCH = 2.5


@numeric("x")
def decayed(t):
    age = max(0.0, t - EPOCH)
    return math.pow(0.5, age / 5.73)


# ---- methods ------------------------------------------------------------------------------------------


class Sensor:
    def __init__(self, gain, offset, limits):
        self.gain = gain
        self.offset = offset
        self.low, self.high = limits
        self.table = {0: 1.0, 1: 0.95, 2: 0.7}

    def calibrate(self, raw):
        return self.gain * raw + self.offset

    def clipped(self, raw):
        value = self.calibrate(raw)
        if value < self.low:
            return self.low
        if value > self.high:
            return self.high
        return value

    def by_state(self, raw, state):
        return self.calibrate(raw) * self.table.get(state, 0.0)

    @property
    def span(self):
        return self.high - self.low

    def normalised(self, raw):
        return (self.calibrate(raw) - self.low) / self.span


SENSOR = Sensor(1.7, -0.4, (-5.0, 5.0))
numeric("x")(SENSOR.calibrate)
numeric("x")(SENSOR.clipped)
numeric("x", "n")(SENSOR.by_state)
numeric("x")(SENSOR.normalised)


class Reservoir:
    levels = [0.0, 1.5, 4.0, 9.0, 16.5]
    areas = [10.0, 14.0, 25.0, 40.0, 61.0]

    def area(self, level):
        for k in range(len(self.levels) - 1):
            if self.levels[k] <= level < self.levels[k + 1]:
                part = (level - self.levels[k]) / (self.levels[k + 1] - self.levels[k])
                return self.areas[k] + part * (self.areas[k + 1] - self.areas[k])
        return self.areas[-1]

    def evaporation(self, level, day):
        return self.area(level) * (0.3 + 0.2 * math.sin(2 * math.pi * day / 365))


numeric("p")(Reservoir().area)
numeric("p", "day")(Reservoir().evaporation)

# ---- tables -------------------------------------------------------------------------------------------

POINTS = {1: 25, 2: 18, 3: 15, 4: 12, 5: 10, 6: 8, 7: 6, 8: 4, 9: 2, 10: 1}
MONTH_ENDS = [31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]
PRIORITY = {0: "low", 1: "mid", 2: "high"}
WEIGHTS = np.array([0.1, 0.4, 0.3, 0.15, 0.05])


@numeric("n")
def championship_points(place):
    return POINTS[place] if place in POINTS else 0


@numeric("n")
def points_or_none(place):
    return POINTS.get(place, -1)


@numeric("day")
def month(day):
    for k, end in enumerate(MONTH_ENDS):
        if day <= end:
            return k + 1
    return 12


@numeric("n", "u")
def weighted(k, x):
    return WEIGHTS[k % len(WEIGHTS)] * x


@numeric("p")
def letter_grade(score):
    grades = [(40, 4), (30, 3), (20, 2), (10, 1)]
    for limit, grade in grades:
        if score >= limit:
            return grade
    return 0


# ---- loops, outputs, bits, errors ---------------------------------------------------------------------


@numeric("p")
def square_root(x):
    guess = x / 2
    while abs(guess * guess - x) > 1e-9 * x:
        guess = (guess + x / guess) / 2
    return guess


@numeric("x", "y")
def polar(x, y):
    return math.hypot(x, y), math.degrees(math.atan2(y, x))


@numeric("n", "m")
def gray_distance(a, b):
    d = (a ^ (a >> 1)) ^ (b ^ (b >> 1))
    return bin(d).count("1")


@numeric("n", "m")
def greatest_divisor(a, b):
    while b:
        a, b = b, a % b
    return a


@numeric("p")
def reaction_rate(temperature):
    if temperature <= 0:
        raise ValueError("temperature must be positive")
    return 2.0e3 * math.exp(-50.0 / (8.314e-1 * temperature))


# ---- strings, dates, objects --------------------------------------------------------------------------


@objects("word")
def first_letter(s):
    return s[0].upper()


@objects("word")
def length(s):
    return len(s)


@objects("word")
def parsed(s):
    try:
        return float(s)
    except ValueError:
        return np.nan


@objects("word")
def slug(s):
    return s.strip().lower().replace("_", "-")


@objects("word")
def matches(s):
    return bool(re.match(r"[a-z]+$", s))


@objects("word", "n")
def repeated(s, n):
    return s * int(n % 3)


@objects("code")
def code_value(c):
    return {"A": 1.0, "B": 2.5, "C": 4.0}[c]


@objects("code", "x")
def signed_by_code(c, x):
    return -x if c == "B" else x


@objects("n")
def priority_name(k):
    return PRIORITY.get(k, "none")


@objects("x")
def formatted(x):
    return f"{x:.2f}"


@objects("x")
def sign_name(x):
    return "negative" if x < 0 else "positive"


@objects("day")
def from_day(day):
    return datetime.date(2024, 1, 1) + datetime.timedelta(days=int(day))


@objects("date")
def year(d):
    return d.year


@objects("date")
def is_weekend(d):
    return d.weekday() >= 5


@objects("date")
def quarter(d):
    return (d.month - 1) // 3 + 1


@objects("date", "n")
def shifted(d, n):
    return d + datetime.timedelta(days=int(n))


@objects("any")
def kind(v):
    return type(v).__name__


@objects("any")
def number_or_zero(v):
    return v if isinstance(v, (int, float)) else 0


@objects("any")
def missing(v):
    return v is None


@objects("n", "m")
def fraction(a, b):
    return Fraction(int(a), int(b) + 1)


@objects("n")
def phasor(k):
    return complex(math.cos(k), math.sin(k))


@objects("word")
def vowels(s):
    return sum(c in "aeiou" for c in s)
