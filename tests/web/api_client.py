"""An API client for tests that checks every answer against the OpenAPI document."""

from __future__ import annotations

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from app.web.api.openapi import document
from tests.support.browser import bearer

V1 = "/api/v1"


class Client:
    """An API client that checks every answer against the document."""

    def __init__(self, app, user, validators):
        self.app, self.headers, self.validators = app, bearer(user), validators

    def call(self, method, path, **options):
        headers = {**self.headers, **options.pop("headers", {})}
        answer = self.app.test_client().open(V1 + path, method=method, headers=headers, **options)
        self.validators.check(method, path, answer)
        return answer

    def download(self, path):
        """A file: nothing in it is described."""
        return self.app.test_client().get(V1 + path, headers=self.headers)

    def get(self, path, **query):
        return self.call("GET", path, query_string=query)

    def post(self, path, body=None, *, key=None):
        return self.call("POST", path, json=body or {}, headers={"Idempotency-Key": key} if key else {})


class Validators:
    """Checks answers against the schemas that the document promises for them."""

    def __init__(self, app):
        self.document = document(app)
        self.registry = Registry().with_resource("urn:api", DRAFT202012.create_resource(self.document))
        self.adapter = app.url_map.bind("localhost")
        self.app = app

    def check(self, method, path, answer):
        if answer.status_code >= 400:
            pointer = "urn:api#/components/schemas/Problem"
            assert answer.content_type == "application/problem+json"
        else:
            rule, _ = self.adapter.match((V1 + path).split("?")[0], method=method, return_rule=True)
            template = "/".join(
                f"{{{part.split(':')[-1].strip('<>')}}}" if "<" in part else part for part in rule.rule.split("/")
            )
            promised = self.document["paths"][template][method.lower()]["responses"][str(answer.status_code)]
            pointer = "urn:api" + promised["content"]["application/json"]["schema"]["$ref"]
        Draft202012Validator({"$ref": pointer}, registry=self.registry).validate(answer.json)
