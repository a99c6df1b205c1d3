"""BPMN definitions and their running instances. Knows nothing of cases."""
