# Hands the challenges of an akamai_cps_dv_enrollment to dcvd and waits until an authority would see every answer.
#
# The resource is made anew whenever the challenges change, so each set of tokens is presented once. dcvd must be on the
# PATH of the host that runs Terraform; it talks to the service, which holds the DNS credentials.

locals {
  challenges = jsonencode({
    dns_challenges  = var.dns_challenges
    http_challenges = var.http_challenges
  })
}

resource "terraform_data" "challenges" {
  triggers_replace = [sha256(local.challenges)]

  provisioner "local-exec" {
    command = "printf '%s' \"$DCVD_CHALLENGES\" | dcvd present --from-terraform - --lifetime \"$DCVD_LIFETIME\" --timeout \"$DCVD_TIMEOUT\""

    environment = {
      DCVD_CHALLENGES = local.challenges
      DCVD_SERVER     = var.server
      DCVD_TOKEN_FILE = var.token_file
      DCVD_LIFETIME   = var.lifetime
      DCVD_TIMEOUT    = var.timeout
    }
  }
}
