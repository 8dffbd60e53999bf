"""An emulator of Akamai CPS (cps/v2); README.md says what is where."""
