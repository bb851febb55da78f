import os
import signal

from hypothesis import settings

# What fails is printed in full, so no folder of earlier failures is kept; machines may be busy. The examples
# are the same in every run, so that what fails is due to the change under test; LANEFN_RANDOM=1 draws others.
settings.register_profile(
    "lanefn", deadline=None, database=None, print_blob=True, derandomize="LANEFN_RANDOM" not in os.environ
)
settings.load_profile("lanefn")

# Tests that are started in the background inherit that Ctrl-C is ignored, and would hand that on to the programs
# whose end by Ctrl-C they test.
signal.signal(signal.SIGINT, signal.default_int_handler)
