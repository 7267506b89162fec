"""Who somebody is here by the claims of their provider, and which settings of a provider are accepted."""

import msgspec
import pytest

from tallyward.domain.oidc import OidcConfig, Person, RoleGroups, is_safe_address, missing_claims, person

ROLES = RoleGroups(admin=("platform",), lead=("leads",), engineer=("engineering",))
CONFIG = OidcConfig(issuer="https://id.example", client_id="tallyward", roles=ROLES)


def changed(**fields):
    return msgspec.structs.replace(CONFIG, **fields)


@pytest.mark.parametrize(
    ("groups", "role", "engineer"),
    [
        (["engineering"], "engineer", "ann"),
        (["engineering", "leads"], "lead", None),
        (["leads", "platform", "engineering"], "admin", "ann"),
        ("engineering", "engineer", "ann"),
    ],
)
def test_the_most_that_any_group_allows_is_the_role(groups, role, engineer):
    found = person(CONFIG, {"preferred_username": "ann", "groups": groups})

    assert found == Person(name="ann", role=role, engineer_id=engineer)


@pytest.mark.parametrize("groups", [[], None, "*", ["*"], ["visitors"], [None, 3, {"engineering": 1}], {"leads": 1}])
def test_who_is_in_no_group_that_is_named_stays_outside(groups):
    assert person(CONFIG, {"preferred_username": "ann", "groups": groups}) == (
        "ann is in none of the groups that may use Tallyward."
    )


@pytest.mark.parametrize("value", [None, "", "  ", 7, ["ann"], "a" * 201, "an\nn"])
def test_without_a_name_that_can_be_a_handle_nobody_comes_in(value):
    assert "no usable claim preferred_username" in person(CONFIG, {"preferred_username": value, "groups": ["leads"]})


def test_a_handle_that_is_another_here_is_translated():
    config = changed(engineer_claim="email", engineers={"ann@example.org": "ann-b"})

    found = person(config, {"email": "ann@example.org", "groups": ["engineering"]})

    assert (found.name, found.engineer_id) == ("ann@example.org", "ann-b")


def test_an_address_that_is_not_verified_names_nobody():
    claims = {"email": "ann@example.org", "email_verified": False, "groups": ["leads"]}
    assert "not a verified address" in person(changed(engineer_claim="email"), claims)


def test_everybody_is_a_star():
    config = changed(roles=RoleGroups(lead=("leads",), engineer=("*",)))

    assert person(config, {"preferred_username": "ann"}).role == "engineer"
    assert person(config, {"preferred_username": "lin", "groups": ["leads"]}).role == "lead"


def test_dots_lead_into_claims_and_a_claim_of_that_very_name_goes_first():
    config = changed(groups_claim="realm_access.roles")
    name = {"preferred_username": "ann"}

    assert person(config, {**name, "realm_access": {"roles": ["leads"]}}).role == "lead"
    assert person(config, {**name, "realm_access.roles": ["platform"], "realm_access": {"roles": []}}).role == "admin"
    assert isinstance(person(config, {**name, "realm_access": ["leads"]}), str)


def test_claims_that_decide_nothing_are_not_asked_for():
    assert missing_claims(CONFIG, {}) == ["preferred_username", "groups"]
    assert missing_claims(changed(roles=RoleGroups(engineer=("*",))), {"preferred_username": "ann"}) == []


@pytest.mark.parametrize("role", ["admin", "lead", "engineer"])
def test_a_session_may_read_and_only_an_admins_may_more(role):
    assert Person("ann", role, None).scopes == (["admin"] if role == "admin" else ["read"])


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://id.example", True),
        ("https://id.example:8443/realms/main", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost/x", True),
        ("http://[::1]:9", True),
        ("http://id.example", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1@evil.example", False),
        ("https://user@id.example", False),
        ("https://id.example/?a=b", False),
        ("https://id.example/#x", False),
        ("https://id.example\\@evil", False),
        ("https://", False),
        ("ftp://id.example", False),
        ("", False),
    ],
)
def test_codes_and_keys_travel_by_https_or_within_this_machine(address, safe):
    assert is_safe_address(address) is safe


def test_an_endpoint_may_have_a_query():
    assert is_safe_address("https://id.example/authorize?policy=one", with_query=True)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"issuer": "http://id.example"}, "oidc.issuer must begin with https"),
        ({"redirect_uri": "http://tally.example/x"}, "oidc.redirect_uri must begin with https"),
        ({"client_id": ""}, "oidc.client_id is empty"),
        ({"client_secret_file": "a", "client_secret_env": "B"}, "not both"),
        ({"scopes": ("profile",)}, "must hold openid"),
        ({"scopes": ("openid", "two words")}, "must be one word"),
        ({"algorithms": ()}, "oidc.algorithms is empty"),
        ({"roles": RoleGroups()}, "nobody could come in"),
        ({"session_hours": 0}, "session_hours must be from 1 to 720"),
        ({"clock_skew_seconds": 301}, "clock_skew_seconds must be from 0 to 300"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(fields, says):
    [problem] = changed(**fields).problems()
    assert says in problem


def test_settings_that_can_be_right_have_no_problem():
    assert CONFIG.problems() == []


@pytest.mark.parametrize("algorithm", ["none", "HS256", "rs256"])
def test_a_signature_that_proves_nothing_cannot_be_allowed(algorithm):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"issuer": "https://x", "client_id": "c", "algorithms": [algorithm]}, OidcConfig)
