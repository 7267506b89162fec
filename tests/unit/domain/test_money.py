import pytest

from tallyward.domain.money import Currency


@pytest.mark.parametrize(
    ("micros", "told"),
    [
        (None, "—"), (0, "$0.00"), (1, "<$0.01"), (4_999, "<$0.01"), (5_000, "$0.01"), (1_234_500_000, "$1,234.50"),
        (-2_500_000, "\N{MINUS SIGN}$2.50"), (999_999, "$1.00"),
    ],
)  # fmt: skip
def test_an_amount_is_told_to_the_cent_and_never_as_nothing(micros: int | None, told: str):
    assert Currency().say(micros) == told


def test_a_request_is_told_more_finely():
    assert Currency().say(4_230, fine=True) == "$0.0042"
    assert Currency().say(10, fine=True) == "<$0.0001"


def test_another_currency_is_converted_at_the_rate_that_was_written_down():
    euro = Currency(symbol="€", after=True, per_usd=0.9, decimal=",", thousands=".")
    assert euro.say(10_000_000_000) == "9.000,00 €"
    assert Currency(symbol="¥", per_usd=150, digits=0).say(1_000_000) == "¥150"


@pytest.mark.parametrize(
    ("currency", "words"),
    [
        (Currency(per_usd=0), "currency.per_usd must be above 0"),
        (Currency(per_usd=-1), "currency.per_usd must be above 0"),
        (Currency(digits=9), "currency.digits must be from 0 to 4"),
        (Currency(decimal=","), "currency.decimal and currency.thousands must differ"),
    ],
)
def test_a_format_that_cannot_be_is_refused_in_words(currency: Currency, words: str):
    assert currency.problems() == [words]
