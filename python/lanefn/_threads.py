"""How many threads calls use."""

import sys

from ._lanefn import _replace_num_threads, get_num_threads, set_num_threads


class num_threads:
    """A number of threads for the calls of this thread, as a context.

    Parameters
    ----------
    n : int
        1 to 65 535.

    Raises
    ------
    ValueError
        For 0 or a number above, where the context begins.
    OverflowError
        For a negative number.

    See Also
    --------
    set_num_threads, get_num_threads

    Examples
    --------
    >>> import lanefn
    >>> with lanefn.num_threads(1):
    ...     lanefn.get_num_threads()
    1
    """

    def __init__(self, n):
        self._n = n
        self._before = []

    def __enter__(self):
        self._before.append(_replace_num_threads(self._n))
        return self

    def __exit__(self, *_):
        _replace_num_threads(self._before.pop())


def _register():
    """Lets threadpoolctl see and set the number, if the program uses it."""
    threadpoolctl = sys.modules.get("threadpoolctl")
    if threadpoolctl is None or not hasattr(threadpoolctl, "register"):
        return

    class Controller(threadpoolctl.LibController):
        user_api = "lanefn"
        internal_api = "lanefn"
        filename_prefixes = ("_lanefn",)

        def get_num_threads(self):
            return get_num_threads()

        def set_num_threads(self, num_threads):
            set_num_threads(num_threads)

        def get_version(self):
            return sys.modules["lanefn"].__version__

        def set_additional_attributes(self):
            pass

    threadpoolctl.register(Controller)


_register()
