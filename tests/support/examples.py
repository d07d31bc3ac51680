"""How many examples a property is tried with: as many as its test says in the suite, 500 and more in `make fuzz`."""

from hypothesis import settings

__all__ = ["FUZZ_EXAMPLES", "examples"]

FUZZ_EXAMPLES = 500


def examples(count: int) -> settings:
    """Settings of a property whose examples are slow: `count` of them in the suite."""
    fuzzing = settings.get_current_profile_name() == "fuzz"
    return settings(max_examples=max(count, FUZZ_EXAMPLES) if fuzzing else count)
