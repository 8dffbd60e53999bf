"""The world that the accuracy scenarios are played in: scripted DNS and web servers under a signed private root."""
