"""The mailbox."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.agents.mailbox import Mailbox


class Letter:
    """A letter that may be withdrawn."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_live = True

    def __repr__(self) -> str:
        return self.name


def filled(*names: str, capacity: int = 10) -> tuple[Mailbox, list[Letter]]:
    mailbox, letters = Mailbox(capacity), [Letter(name) for name in names]
    for letter in letters:
        mailbox.put(letter)
    return mailbox, letters


def withdraw(mailbox: Mailbox, letter: Letter) -> None:
    letter.is_live = False
    mailbox.note_withdrawn()


def taken(mailbox: Mailbox) -> list[str]:
    """Take everything, in order."""
    names = []
    while (letter := mailbox.head()) is not None:
        names.append(repr(letter))
        mailbox.drop_head()
    return names


def test_letters_are_taken_in_the_order_in_which_they_came() -> None:
    mailbox, _ = filled("a", "b", "c")

    assert taken(mailbox) == ["a", "b", "c"]
    assert (len(mailbox), mailbox.head()) == (0, None)


def test_a_letter_that_was_put_back_is_the_next() -> None:
    mailbox, letters = filled("a", "b")
    mailbox.drop_head()

    mailbox.put_back(letters[0])

    assert taken(mailbox) == ["a", "b"]


def test_it_is_full_when_as_many_letters_wait_as_it_holds() -> None:
    mailbox, _ = filled("a", capacity=2)
    was_full = mailbox.is_full

    mailbox.put(Letter("b"))

    assert (was_full, mailbox.is_full) == (False, True)


def test_a_withdrawn_letter_makes_room_at_once_and_is_never_taken() -> None:
    mailbox, letters = filled("a", "b", "c", capacity=3)

    withdraw(mailbox, letters[0])

    assert (len(mailbox), mailbox.is_full) == (2, False)
    assert taken(mailbox) == ["b", "c"]
    assert len(mailbox) == 0


def test_withdrawn_letters_are_swept_out_when_they_are_most() -> None:
    mailbox, letters = filled(*"abcde")

    for letter in letters[:3]:
        withdraw(mailbox, letter)

    assert list(mailbox._letters) == letters[3:]


def test_clearing_returns_what_was_still_wanted() -> None:
    mailbox, letters = filled("a", "b", "c")
    withdraw(mailbox, letters[1])

    left = mailbox.clear()

    assert left == [letters[0], letters[2]]
    assert (len(mailbox), mailbox.head()) == (0, None)


@given(st.lists(st.sampled_from(["put", "take", "withdraw first", "withdraw last"]), max_size=60))
def test_it_behaves_as_a_list_from_which_letters_are_struck(deeds: list[str]) -> None:
    mailbox, model = Mailbox(1_000), list[Letter]()

    for number, deed in enumerate(deeds):
        if deed == "put":
            model.append(letter := Letter(str(number)))
            mailbox.put(letter)
        elif deed == "take" and (head := mailbox.head()) is not None:
            assert head is model.pop(0)
            mailbox.drop_head()
        elif deed.startswith("withdraw") and model:
            withdraw(mailbox, model.pop(0 if deed.endswith("first") else -1))
        assert len(mailbox) == len(model)

    assert taken(mailbox) == [repr(letter) for letter in model]
