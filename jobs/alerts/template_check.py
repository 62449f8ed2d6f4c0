"""`python -m jobs.alerts.template_check FILE text|html`: renders a template with samples, within limits of its own."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from jobs.alerts.samples import sample_payloads
from jobs.alerts.templates import BadTemplateError, load_template
from jobs.alerts.view import ROOMY, alert_view

MEMORY_BYTES = 512 * 1024 * 1024
CPU_S = 8


def main() -> int:
    """Exit code 0, or 1 with the fault as a JSON string on the last line."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    path, html = Path(sys.argv[1]), sys.argv[2] == "html"
    try:
        template = load_template(path, html=html)
        for payload in sample_payloads():
            template.render(alert_view(payload, ROOMY, language="en", timezone="Asia/Karachi", html=html))
    except BadTemplateError as fault:
        sys.stdout.write(json.dumps(str(fault)) + "\n")
        return 1
    except MemoryError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
