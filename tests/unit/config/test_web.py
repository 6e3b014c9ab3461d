"""`web:` of the configuration: what is taken, and what is told of what is not."""

import pytest

from automator.config.load import check_config, load_settings

HASH = "c0ffee" + "0" * 58
OIDC = "{issuer: https://id.example.com, client_id: automator"
URL = "url: https://automator.example.com"


def written(tmp_path, web):
    path = tmp_path / "automator.yaml"
    path.write_text(f"config_repos: [{{name: a, url: file:///a}}]\nweb: {{{web}}}\n")
    return path


@pytest.mark.parametrize(
    ("web", "told"),
    [
        ("read: all", "read: input should be 'open' or 'login'"),
        ("read: login", "read: login needs users, proxy or oidc: nobody could log in"),
        ("url: automator.example.com", "url: write https://host or https://host:port, and no path"),
        ("url: https://example.com/automator", "and no path"),
        ("url: https://ann@example.com", "and no path"),
        ("session: 0s", "session: input should be greater than"),
        ("users: [{name: a, token_sha256: amt_x}]", "token_sha256: string should match pattern"),
        ("users: [{name: '', token_sha256: %H}]", "name: string should have at least 1 character"),
        ("users: [{name: a, token: x, token_sha256: %H}]", "unknown key 'token'"),
        (
            "users: [{name: a, token_sha256: %H}, {name: b, token_sha256: %H}]",
            "two users have the same token",
        ),
        ("proxy: {}", "'trusted' is missing"),
        ("proxy: {trusted: []}", "trusted names no address"),
        ("proxy: {trusted: [10.0.0.1/8]}", "has host bits set"),
        ("proxy: {trusted: [10.0.0.1], user_header: Cookie}", "two headers without other meaning"),
        ("proxy: {trusted: [10.0.0.1], email_header: x-forwarded-user}", "two headers"),
        (f"oidc: {OIDC}}}", "oidc needs `url`"),
        (f"{URL}, oidc: {{issuer: http://id.example.com, client_id: a}}", "reached over https"),
        (f"{URL}, oidc: {{issuer: id.example.com, client_id: a}}", "issuer: an issuer is written"),
        (f"{URL}, oidc: {OIDC}, scopes: [email]}}", "the scope openid is missing"),
        (f"{URL}, oidc: {OIDC}, allow: {{email: [a]}}}}", "did you mean 'emails'?"),
        (f"{URL}, oidc: {OIDC}, client_secret_file: nowhere}}", "nowhere cannot be read"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, web, told):
    (problem,) = check_config(written(tmp_path, web.replace("%H", HASH)), {})
    assert told in problem
    assert problem.startswith(f"{tmp_path}/automator.yaml:2:")
    assert HASH not in problem


def test_what_is_written_is_read(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")
    web = f"{URL}, session: 1h, users: [{{name: Ann, token_sha256: %H, may: read}}], "
    web += f"proxy: {{trusted: [10.0.0.0/8, '::1']}}, oidc: {OIDC}, client_secret_file: secret}}"
    settings = load_settings(written(tmp_path, web.replace("%H", HASH)), {}).web
    assert settings.oidc.client_secret.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)
    assert [str(network) for network in settings.proxy.trusted] == ["10.0.0.0/8", "::1/128"]
    assert settings.users[0].may == "read"


def test_without_a_word_all_may_read_and_nobody_may_act(tmp_path):
    settings = load_settings(written(tmp_path, ""), {}).web
    assert (settings.read, settings.has_logins) == ("open", False)
