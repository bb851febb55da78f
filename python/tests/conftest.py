from hypothesis import settings

# What fails is printed in full, so no folder of earlier failures is kept; machines may be busy.
settings.register_profile("lanefn", deadline=None, database=None, print_blob=True)
settings.load_profile("lanefn")
