"""Functions as people write them for np.vectorize, all of which compile.

Each takes arguments of the kinds that its entry names: f any floats, p positive floats, u floats from 0 to
1, i whole numbers of both signs, n small whole numbers from 0.
"""

import bisect
import functools
import math
import operator

import numpy as np

FUNCTIONS = []


def of(kinds):
    def keep(function):
        FUNCTIONS.append((function, kinds))
        return function

    return keep


# ---- conditions ---------------------------------------------------------------------------------------


@of("f")
def problem(arg):
    if arg > 2:
        return arg + 1
    else:
        return arg - 1


@of("f")
def early_return(x):
    if x < 0:
        return -1.0
    if x > 10:
        return 10.0
    return x * 0.5


@of("f")
def elif_chain(x):
    if x < -2:
        y = -4
    elif x < 0:
        y = -2
    elif x == 0:
        y = 0
    else:
        y = 3
    return y


@of("f")
def nested(x):
    r = 0.0
    if x > 0:
        if x > 5:
            r = x - 5
        else:
            r = 5 - x
            if r > 2:
                return r
        r += 1
    return r * 2


@of("ff")
def several_conditions(a, b):
    if a > 0 and b > 0 or a < -1 and not b < -1:
        return a + b
    return a - b


@of("f")
def chained(x):
    return 1 if -1 <= x < 1 else (2 if 1 <= x <= 3 != 2 else 0)


@of("ff")
def operands(a, b):
    return a or b


@of("ff")
def operands_and(a, b):
    return (a and b) + (not a)


@of("i")
def mixed_results(x):
    return 0 if x < 0 else x / 3


@of("f")
def truths(x):
    return x > 1


@of("f")
def counted_truths(x):
    return (x > 1) + (x > 2) + (x > 3) * 2.5


@of("f")
def nothing_but_a_constant(x):
    return 7


@of("f")
def not_a_number(x):
    if x != x:
        return -1.0
    if math.isinf(x):
        return -2.0
    return x


@of("f")
def one_arm(x):
    y = 1.0
    if x > 0:
        y = x
        z = y * 2
        y += z
    return y


@of("ff")
def swapped(a, b):
    if a > b:
        a, b = b, a
    return b - a


@of("f")
def walrus(x):
    if (y := x * x) > 4:
        return y
    return -y


@of("n")
def matched(n):
    match n:
        case 0:
            return 10
        case 1 | 2:
            return 20
        case k if k > 7:
            return k * 2
        case _:
            return -1


@of("f")
def grades(x):
    return 4.0 if x >= 90 else 3.0 if x >= 80 else 2.0 if x >= 70 else 0.0


@of("ff")
def in_a_tuple(a, b):
    t = (a, b, a + b)
    lo, *rest = t
    return max(t) - min(rest) + lo + len(t) + t[-1]


# ---- arithmetic ---------------------------------------------------------------------------------------


@of("ii")
def whole_division(a, b):
    b = b if b != 0 else 1
    return a // b + a % b


@of("ff")
def float_division(a, b):
    if b == 0 or math.isnan(a) or math.isnan(b) or math.isinf(a):
        return 0.0
    return a // b


@of("ff")
def float_remainder(a, b):
    if b == 0 or math.isnan(a) or math.isnan(b) or math.isinf(a):
        return 0.0
    return a % b


@of("ii")
def both_parts(a, b):
    q, r = divmod(a, b or 3)
    return q * 1000 + r


@of("ii")
def results(a, b):
    return a + b, a - b, a * 2.5


@of("i")
def bits(n):
    return (n & 0xFF) | ((n >> 3) ^ (n << 2)) & ~5


@of("i")
def parity(n):
    return n % 2 == 0


@of("f")
def powers(x):
    return x**2 + 3 * x**1 - x**3 / 7


@of("p")
def roots(x):
    return x**0.5 + x**-1 + x ** (1 / 3)


@of("i")
def whole_powers(n):
    return n**2 - n**3


@of("f")
def horner(x):
    c = (1.5, -2.0, 0.25, 3.0)
    r = 0.0
    for k in c:
        r = r * x + k
    return r


@of("f")
def rounding(x):
    if not abs(x) < 1e15:
        return 0
    return int(x) + round(x) * 2 + math.floor(x) * 3 + math.ceil(x) * 5 + math.trunc(x) * 7


@of("f")
def decimals(x):
    return round(x, 2)


@of("f")
def more_decimals(x):
    return round(x * 1000, 1) + round(x, 5)


@of("f")
def tens(x):
    return round(x * 1e4, -2)


@of("ff")
def clamped(x, y):
    return max(-1.0, min(1.0, x)) + min(x, y, 2) - max(x, y)


@of("f")
def casts(x):
    return float(x > 0) + bool(x) + abs(-x) + int(x == x)


@of("fi")
def python_operators(x, n):
    return operator.add(x, operator.mul(n, 2)) + operator.neg(x)


@of("p")
def sums(x):
    return sum((x, 1, x * x)) + sum(x / k for k in range(1, 5)) + sum([x, x], 10)


@of("f")
def any_all(x):
    return any((x > 1, x < -1)) + 2 * all([x > -3, x < 3]) + 4 * any(x > k for k in (5, 7))


# ---- functions of math and NumPy ----------------------------------------------------------------------


@of("p")
def math_functions(x):
    return math.sqrt(x) + math.log(x) + math.exp(-x) + math.atan2(x, 2.0) + math.hypot(x, 3)


@of("u")
def more_math(x):
    return math.asin(x) * math.cosh(x) + math.degrees(x) - math.fabs(x) + math.copysign(x, -1)


@of("p")
def logarithms(x):
    return math.log2(x) + math.log10(x) + math.log1p(x) + math.log(x, 10) + math.log(x, 3)


@of("u")
def numpy_functions(x):
    return np.sin(x) + np.where(x > 0.5, np.exp(x), np.tanh(x)) + np.clip(x, 0.2, 0.7)


@of("f")
def numpy_constants(x):
    return x * np.pi + math.e - math.tau if not np.isnan(x) else 0.0


@of("ii")
def divisors(a, b):
    return math.gcd(a, b)


@of("p")
def haversine(lat):
    p = math.pi / 180
    a = 0.5 - math.cos((lat - 10) * p) / 2 + math.cos(10 * p) * math.cos(lat * p) / 2
    return 12742 * math.asin(math.sqrt(min(1.0, abs(a))))


@of("f")
def closeness(x):
    return math.isclose(x, 1.0, rel_tol=0.5) or math.isclose(x, 0.0, abs_tol=0.1)


@of("f")
def sigmoid(x):
    if x >= 0:
        return 1 / (1 + math.exp(-min(x, 700)))
    z = math.exp(max(x, -700))
    return z / (1 + z)


@of("f")
def interpolated(x):
    return float(np.interp(x, [0.0, 1.0, 3.0, 10.0], [0.0, 2.0, -1.0, 5.0])) if x == x else 0.0


LEVELS = [0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7]


@of("f")
def beaufort(v):
    return bisect.bisect_right(LEVELS, v) if v == v else -1


@of("f")
def bins(v):
    return np.digitize(v, LEVELS[:4]) + np.searchsorted(LEVELS, v)


# ---- tables -------------------------------------------------------------------------------------------

SMALL = {1: 10, 2: 20.5, 5: -3}
DENSE = {i: i * i for i in range(40)}
HOLES = {i: i * 0.5 for i in range(0, 60, 3)}
SPARSE = {i**5: i for i in range(-20, 20)}
NAMES = ("a", "b")
ROWS = [[1, 2, 3], [4, 5, 6]]
MATRIX = np.arange(12.0).reshape(3, 4)


@of("n")
def small_dict(n):
    return SMALL.get(n, -1)


@of("i")
def dense_dict(n):
    return DENSE.get(n, -1) + HOLES.get(n, 0.25)


@of("i")
def sparse_dict(n):
    return SPARSE.get(n, 1000)


@of("f")
def floats_in_a_dict(x):
    return DENSE.get(x, -1.5)


@of("n")
def list_table(n):
    return LEVELS[n] + LEVELS[-n - 1]


@of("n")
def rows(n):
    return ROWS[n % 2][n % 3] + MATRIX[n % 3, n % 4] + MATRIX[n % 3][1]


@of("n")
def present(n):
    return n in (1, 3, 5) or n in SMALL or n in range(6, 100, 2) or n in DENSE


@of("n")
def chosen_values(n):
    return (n * 2, n * 3, n * 5)[n % 3]


@of("n")
def dict_of_values(n):
    return {0: n + 1, 1: n * n}.get(n % 3, -n)


# ---- lists and arrays of the function's own -----------------------------------------------------------

POINTS = np.linspace(-1, 2, 11)


@of("f")
def near_points(x):
    return np.sum(np.exp(-((x - POINTS) ** 2))) + np.array([x, 2.0, 3.0]).max()


@of("p")
def array_methods(x):
    xs = np.array([x, x**2, 3.0])
    ys = np.sqrt(xs) * 2 - [1, 2, 3]
    return np.mean(ys) + ys.sum() + np.dot(xs, [1.0, 2.0, 3.0]) + np.any(xs > 5) + xs[1] + len(xs)


@of("f")
def growing(x):
    values = []
    for k in range(4):
        values.append(x * k)
    values.extend((1.0, 2))
    values[0] = 5.0
    last = values.pop()
    return sum(values) * last + len(values)


@of("ff")
def median_of_three(a, b):
    if a != a or b != b:
        return 0.0
    return sorted([a, 1.0, b])[1]


@of("f")
def mapped(x):
    a, b = map(abs, (x, -2))
    return a + b + sum(map(lambda k: k * x, range(5))) + functools.reduce(operator.mul, [x, 2, x])


@of("n")
def prime_by_all(n):
    if n < 2:
        return False
    return all(n % i for i in range(2, int(n**0.5) + 1))


@of("nn")
def generators(n, m):
    return (
        sum(k * k + m for k in range(n) if k % 2)
        + sum(1 / k for k in range(1, 40))
        + any(k * k == n for k in range(m))
    )


@of("nn")
def whole_number_functions(n, m):
    return math.comb(n, m) + math.perm(m, n) + math.isqrt(n * 7) + n.bit_length()


@of("f")
def nearest_point(x):
    return POINTS[np.abs(POINTS - x).argmin()] if x == x else 0.0


# ---- loops --------------------------------------------------------------------------------------------


@of("p")
def newton(x):
    guess = x
    while abs(guess * guess - x) > 1e-9 * x:
        guess = 0.5 * (guess + x / guess)
    return guess


@of("n")
def collatz(n):
    n += 1
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n //= 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


@of("n")
def factorial(n):
    result = 1
    for i in range(2, n + 1):
        result *= i
    return result


@of("n")
def prime(n):
    if n < 2:
        return False
    i = 2
    while i * i <= n:
        if n % i == 0:
            return False
        i += 1
    return True


@of("uu")
def mandelbrot(a, b):
    x = y = 0.0
    for k in range(50):
        if x * x + y * y > 4:
            return k
        x, y = x * x - y * y + a, 2 * x * y + b
    return 50


@of("n")
def broken(n):
    total = 0
    for i in range(30):
        if i == n:
            continue
        if total > 100:
            break
        total += i
    else:
        total = -total
    return total + i


@of("n")
def unrolled(n):
    total = 0
    for i in (1, 2, 3, 4):
        if i == n:
            continue
        if n > 7:
            break
        total += i * n
    else:
        total += 1000
    return total


@of("nn")
def loops_in_loops(n, m):
    total = 0
    for i in range(n):
        j = 0
        while True:
            if j > m:
                break
            if (i + j) % 3 == 0:
                j += 2
                continue
            total += i * j
            j += 1
    return total


@of("n")
def returned_from_the_inside(n):
    for i in range(20):
        for j in range(15):
            if i * j == n * 3:
                return i + j
    return -1


@of("n")
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


@of("n")
def downwards(n):
    s = 0.0
    for k in range(n, 0, -2):
        s += 1 / k
    return s


@of("f")
def flags(x):
    found = False
    for k in range(25):
        if k * 0.5 > x:
            found = True
            break
    return found


@of("n")
def last_value(n):
    for i in range(20):
        last = i * n
    return last + i


@of("f")
def table_in_a_loop(x):
    total = 0.0
    for level in LEVELS + LEVELS:
        if x > level:
            total += level
    return total


@of("p")
def series(x):
    x = min(x, 3.0)
    term = total = 1.0
    n = 1
    while abs(term) > 1e-12:
        term *= x / n
        total += term
        n += 1
    return total


# ---- exceptions that are caught -----------------------------------------------------------------------


@of("ff")
def safe_division(a, b):
    try:
        return a / b
    except ZeroDivisionError:
        return 0.0


@of("ii")
def safe_remainder(a, b):
    r = -1
    try:
        q = a // b
        r = 5
        r = q + a % (b - 1)
    except (ZeroDivisionError, ValueError):
        r *= 2
    else:
        r += 1000
    return r


@of("n")
def safe_table(n):
    try:
        return LEVELS[n * 3]
    except IndexError:
        pass
    return -1.0


@of("n")
def safe_dict(n):
    try:
        value = SMALL[n]
    except KeyError:
        value = n
    return value


@of("f")
def safe_logarithm(x):
    try:
        if x > 1000:
            raise KeyError
        return math.log(x) + math.sqrt(5 - x)
    except ValueError:
        return -1.0
    except Exception:
        return -2.0


def divides(a, b):
    return a / b


@of("nn")
def caught_from_helpers_and_loops(a, b):
    total = 0.0
    for i in range(20):
        try:
            total += divides(i, a - i)
        except ZeroDivisionError:
            total -= 100
            if b == i:
                return total
            continue
        total += 1
    try:
        for i in range(30):
            if i == b * 2:
                break
            total += 1 / (i - a)
    except ZeroDivisionError:
        total += i
    return total


@of("f")
def safe_exponential(x):
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


# ---- helpers and captured values ----------------------------------------------------------------------


def helper(x, factor=2.0, *, shift=0):
    if x < 0:
        return -x * factor + shift
    return x + shift


@of("f")
def helpers(x):
    return helper(x) + helper(x, 3) * helper(x - 1, shift=2)


@of("f")
def local_functions(x):
    scale = 3.0

    def inner(v):
        if v > 1:
            return v * scale
        return v

    double = lambda v: 2 * v  # noqa: E731
    return inner(x) + double(inner(x - 1))


def closure():
    low, high, table = -1.5, 2.5, {0: 1.0, 1: 4.0}

    @of("f")
    def clipped(x):
        return low if x < low else high if x > high else x + table[1]

    return clipped


closure()


class Model:
    scale = 2.5

    def __init__(self):
        self.offset = 0.75
        self.table = [1.0, 2.0, 4.0]
        self.mode = "fast"

    @property
    def half(self):
        return self.offset / 2

    def method(self, x):
        if self.mode == "slow":
            return sorted(x)
        return self.scale * x + self.offset + self.half + self.helper(x)

    def helper(self, x):
        return self.table[int(x > 0) + 1] if self.mode is not None else None


of("f")(Model().method)
of("f")(functools.partial(helper, factor=4.0))
of("p")(math.sqrt)
of("u")(np.tanh)
of("f")(lambda x: x * 2 if x > 0 else -x)


@of("f")
def with_defaults(x, factor=2, offset=None):
    if offset is None:
        offset = 1.5
    return x * factor + offset
