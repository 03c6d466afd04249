"""What is known of models, each fact with its source; and what is counted of them."""

from .facts import known_facts, register_model_facts, registered_facts

__all__ = ["known_facts", "register_model_facts", "registered_facts"]
