import os

from hypothesis import settings

# What fails is printed in full, so no folder of earlier failures is kept; machines may be busy. The examples
# are the same in every run, so that what fails is due to the change under test; LANEFN_RANDOM=1 draws others.
settings.register_profile(
    "lanefn", deadline=None, database=None, print_blob=True, derandomize="LANEFN_RANDOM" not in os.environ
)
settings.load_profile("lanefn")
