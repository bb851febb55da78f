"""Functions that are translated as if the user had written them: what has no kernel, in terms of what has."""


def comb(n, k):
    if n < 0 or k < 0:
        raise ValueError("n and k must be non-negative integers")
    if k > n:
        return 0
    k = min(k, n - k)
    result = 1
    for i in range(k):
        result = result * (n - i) // (i + 1)
    return result


def perm(n, k):
    if n < 0 or k < 0:
        raise ValueError("n and k must be non-negative integers")
    result = 1
    for i in range(k):
        result = result * (n - i)
    return result


def isqrt(n):
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    root = int(n**0.5)
    while root * root > n:
        root -= 1
    while (root + 1) * (root + 1) <= n:
        root += 1
    return root


def bit_length(n):
    n = abs(n)
    bits = 0
    while n > 0:
        n >>= 1
        bits += 1
    return bits


def argmin(values):
    best, place = values[0], 0
    for i in range(1, len(values)):
        if values[i] < best or (values[i] != values[i] and best == best):
            best, place = values[i], i
    return place


def argmax(values):
    best, place = values[0], 0
    for i in range(1, len(values)):
        if values[i] > best or (values[i] != values[i] and best == best):
            best, place = values[i], i
    return place
