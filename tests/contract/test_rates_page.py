"""The page of the rates: undefined in words, then drawn with its band, its interval and its turns."""

from tests.contract.flow import Flow, flowing


async def page(flow: Flow, query: str = "") -> str:
    answer = await flow.site.call("GET", f"/rates{query}", token=flow.reader)
    assert answer.status == 200, answer.body
    return answer.body.decode()


async def test_the_page_goes_from_nothing_over_undefined_to_drawn_rates(database_url: str):
    async with flowing(database_url) as flow:
        empty = await page(flow)
        await flow.merges("." * 23)
        partial = await page(flow)
        await flow.merges("." * 60 + "x" * 20)
        drawn = await page(flow, "?project=web")

    assert "Nothing was merged yet" in empty
    assert "undefined (23/50)" in partial
    assert "rate-line" not in partial
    assert drawn.count('class="rate-line"') == 2
    assert drawn.count('class="rate-band"') == 2
    assert drawn.count('<g class="rate-turn down">') == 1
    assert "down across 70%" in drawn
    assert "restricted" in drawn


async def test_names_are_text_and_never_markup(database_url: str):
    async with flowing(database_url) as flow:
        await flow.merges("." * 2, project="%3Cb%3E".replace("%3C", "<").replace("%3E", ">"))
        drawn = await page(flow, "?project=%3Cscript%3E")
        await page(flow, "?project=%00")
        refused = await flow.site.call("GET", "/v1/rates?project=%00", token=flow.reader)

    assert "<script>" not in drawn.replace("<script src", "")
    assert "&lt;script&gt;" in drawn
    assert (refused.status, refused.json["error"]["field"]) == (422, "project")
