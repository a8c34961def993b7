from infra.onprem.docs import PAGE, page


def test_the_reference_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page()
