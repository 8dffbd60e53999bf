"""A name of a change: what the authority wants to see, and how far it is."""


class Name:
    def __init__(self, domain):
        self.domain, self.status, self.error, self.validation = domain, "Preparing", None, "IN_PROGRESS"
        self.authorization, self.order_url, self.requested, self.expires, self.validated = None, None, None, None, None
        self.kind = None
        self.generation = 0

    @property
    def base(self):
        return self.domain[2:] if self.domain.startswith("*.") else self.domain

    def offer(self, authorization, order_url, now, lifetime):
        """New tokens."""
        self.authorization, self.order_url = authorization, order_url
        self.status, self.validation, self.error = "Awaiting user", "DATA_NOT_READY", None
        self.requested, self.expires = now, now + lifetime
        self.generation += 1

    def look(self):
        self.status, self.validation = "Pending", "IN_PROGRESS"

    def accept(self, kind, now):
        self.status, self.validation, self.error, self.kind, self.validated = "Valid", "VALIDATED", None, kind, now

    def spend(self, error, validation):
        """The tokens are used up."""
        self.status, self.error, self.validation = "Error", error, validation
