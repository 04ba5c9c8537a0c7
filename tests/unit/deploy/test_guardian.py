from deploy.local.guardian import left_behind


def test_only_what_was_not_forgotten_is_left_behind() -> None:
    lines = ["watch 11 9\n", "watch 12 3\n", "discard /tmp/some data\n", "forget 11\n", "forget 99\n"]

    groups, paths = left_behind(lines)

    assert groups == {12: 3}
    assert paths == ["/tmp/some data"]
