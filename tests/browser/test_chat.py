"""The chat widget on a page of another site with a strict policy, and the agent who answers."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest

from tests.browser.axe import run_axe

expect = pytest.importorskip("playwright.sync_api").expect


@contextmanager
def host_site(desk):
    """A site of another origin that forbids everything but the desk's script and its two origins."""
    stream = f"http://127.0.0.1:{desk.stream_port}"
    policy = f"default-src 'none'; script-src {desk.url}; connect-src {desk.url} {stream}; base-uri 'none'"
    page = f'<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop</h1></main><script src="{desk.url}/chat/widget.js" data-widget="website" async></script>'

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            for name, value in {"Content-Type": "text/html", "Content-Security-Policy": policy}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_visitor_of_another_site_and_an_agent_talk(desk, enter, make_page):
    with host_site(desk) as site:
        with psycopg.connect(desk.env["DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as line:
            line.execute(
                "update channel_accounts set config = config || jsonb_build_object('origins', %s::text) where address = 'website'",
                [site],
            )
        visitor = make_page(width=900)
        visitor.goto(site)
        visitor.locator("ringback-chat .launch").click()
        visitor.locator("ringback-chat input[name=name]").fill("Yusuf of the shop")
        visitor.locator("ringback-chat .sheet .main").click()
        box = visitor.locator("ringback-chat .foot textarea")
        box.fill("Is the blue one in stock?")
        box.press("Enter")
        # The process has acknowledged in the chat's own short words.
        expect(visitor.locator("ringback-chat .line:not(.own)").first).to_contain_text("RB-")
        number = desk.query("select number from cases where contact_name = 'Yusuf of the shop'")[0]["number"]

        agent = enter("alice", f"/cases/{number}")
        expect(agent.locator("[data-chat-bar] .dot.on")).to_be_visible()
        assert run_axe(agent) == []
        area = agent.locator("#compose-text")
        area.press_sequentially("Yes, three")
        expect(visitor.locator("ringback-chat .typing")).to_contain_text("typing")
        area.press("Enter")
        expect(area).to_have_value("")
        expect(visitor.locator("ringback-chat .line", has_text="Yes, three")).to_be_visible()
        expect(agent.locator(".msg.out", has_text="Yes, three").locator(".tick.read")).to_be_visible()
        box.fill("Then two, please.")
        box.press("Enter")
        expect(agent.locator(".msg.in", has_text="Then two, please.")).to_be_visible()
        assert run_axe(visitor) == []

        # After a reload, and in a second tab, the same chat is there, each line once.
        visitor.reload()
        second = visitor.context.new_page()
        second.goto(site)
        for page in (visitor, second):
            expect(page.locator("ringback-chat .line", has_text="Yes, three")).to_have_count(1)
            expect(page.locator("ringback-chat .line.own")).to_have_count(2)
        agent.locator("[data-chat-bar] .end button").click()
        expect(second.locator("ringback-chat .after")).to_contain_text("This chat is over.")
