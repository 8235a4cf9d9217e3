from conformance.zz_a import X
def test_x() -> None:
    assert X == 1
