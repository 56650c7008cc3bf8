"""`orchestrator serve` as a process, and what it says."""

import subprocess
import sys
import time


def certificate_in(folder):
    """A certificate for 127.0.0.1 and localhost, and its key, by openssl."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
    names = ("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    command = ["openssl", *words.split(), *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, timeout=50, capture_output=True)
    return certificate, key


class Served:
    def __init__(self, *words, environment=None, stdout=subprocess.PIPE):
        command = [sys.executable, "-m", "orchestrator.interfaces.cli", "serve", *map(str, words)]
        self.process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.STDOUT, text=True, env=environment)
        self.lines = []

    def until(self, text):
        """Reads on to the line that holds it, and gives that; the end of the output fails the test."""
        for line in self.process.stdout:
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"{text!r} is not in {''.join(self.lines)}")

    def url(self):
        return next(word for word in self.until("serving at").split() if word.startswith("http")).rstrip(";")

    def stop(self, number):
        """Its exit status, and how long it took; what it still said is in `lines`."""
        began = time.monotonic()
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=30)
        self.lines += (said or "").splitlines(keepends=True)
        return self.process.returncode, time.monotonic() - began
