from django.db import models


class Installation(models.Model):
    """One row that says what this database is; ``demo --reset`` refuses any that is not a demo."""

    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_installation")]

    def __str__(self) -> str:
        return "demonstration" if self.is_demo else "installation"
