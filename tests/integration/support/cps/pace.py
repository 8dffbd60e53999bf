"""How long CPS stays in a state that only waits: short for a test in real time, as in life in virtual time."""
import random

MINUTE, HOUR = 60, 3600
LIFE = {
    "generate-csr": (20, 90), "pre-verification-safety-checks": (30, 180), "tokens": (20, 120), "look": (0, 9.2 * MINUTE),
    "check-for-cert": (MINUTE, 10 * MINUTE), "verify-third-party-cert": (30, 120), "create-slot-files": (MINUTE, 5 * MINUTE),
    "live-check-action": (30, 120), "deploy-cert-to-staging": (10 * MINUTE, 25 * MINUTE),
    "deploy-cert-to-production": (15 * MINUTE, HOUR), "abandon-slots-action": (MINUTE, 5 * MINUTE), "deprovision-cert": (5 * MINUTE, HOUR),
    "complete": (10, 60), "cancelled": (10, 60), "patrol": (550, 550), "regenerate": (10 * MINUTE, 90 * MINUTE), "vanish": (2 * MINUTE, 4 * MINUTE),
}


class Steps:
    """The same for all, but for what is named."""

    def __init__(self, step, **others):
        self.step, self.others = step, {"patrol": 0, **others}

    def of(self, status):
        return self.others.get(status, self.step)


class Life:
    """As the reports of users have it, and the same in every run with this seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def of(self, status):
        return self.random.uniform(*LIFE[status])
