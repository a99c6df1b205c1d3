"""Envelopes in, messages kept, deliveries out; channel accounts and their health."""
