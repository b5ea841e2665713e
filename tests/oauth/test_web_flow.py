"""The five-step web flow, between an honest client and a person's browser."""


def test_confidential_client_gets_tokens_and_reads_me(notebook, browser, alice):
    browser.sign_in(alice.email, alice.password)
    tokens = notebook.tokens(browser)
    print(tokens)
    me = notebook.me(tokens["access_token"])
    print(me.json)
    assert me.json["email"] == alice.email
    again = notebook.refresh(tokens["refresh_token"])
    print(again.json)
    assert again.status_code == 200
    assert notebook.client_credentials().status_code == 200
    print(notebook.introspect(tokens["access_token"]).json)
