# An enrollment that validates itself: enroll, publish the answers, acknowledge when they are visible.

terraform {
  required_providers {
    akamai = {
      source  = "akamai/akamai"
      version = ">= 5.0"
    }
  }
}

provider "akamai" {
  edgerc         = "~/.edgerc"
  config_section = "default"
}

variable "contract_id" {
  type = string
}

locals {
  common_name = "www.example.com"
  sans        = ["example.com", "shop.example.com"]

  contact = {
    first_name       = "Certificate"
    last_name        = "Operations"
    organization     = "Example Ltd"
    email            = "certificates@example.com"
    phone            = "+1 555 0100"
    address_line_one = "1 Example Street"
    city             = "Cambridge"
    region           = "MA"
    postal_code      = "02142"
    country_code     = "US"
  }
}

resource "akamai_cps_dv_enrollment" "site" {
  contract_id            = var.contract_id
  common_name            = local.common_name
  sans                   = local.sans
  secure_network         = "enhanced-tls"
  sni_only               = true
  signature_algorithm    = "SHA-256"
  certificate_chain_type = "default"

  acknowledge_pre_verification_warnings = false

  admin_contact {
    first_name       = local.contact.first_name
    last_name        = local.contact.last_name
    organization     = local.contact.organization
    email            = local.contact.email
    phone            = local.contact.phone
    address_line_one = local.contact.address_line_one
    city             = local.contact.city
    region           = local.contact.region
    postal_code      = local.contact.postal_code
    country_code     = local.contact.country_code
  }

  tech_contact {
    first_name       = local.contact.first_name
    last_name        = local.contact.last_name
    organization     = "Akamai"
    email            = "certificates@akamai.com"
    phone            = local.contact.phone
    address_line_one = local.contact.address_line_one
    city             = local.contact.city
    region           = local.contact.region
    postal_code      = local.contact.postal_code
    country_code     = local.contact.country_code
  }

  csr {
    country_code = "US"
    city         = "Cambridge"
    state        = "MA"
    organization = "Example Ltd"
  }

  network_configuration {
    disallowed_tls_versions = ["TLSv1", "TLSv1_1"]
    clone_dns_names         = true
    geography               = "core"
    ocsp_stapling           = "on"
    preferred_ciphers       = "ak-akamai-2020q1"
    must_have_ciphers       = "ak-akamai-2020q1"
    quic_enabled            = false
  }

  organization {
    name             = local.contact.organization
    phone            = local.contact.phone
    address_line_one = local.contact.address_line_one
    city             = local.contact.city
    region           = local.contact.region
    postal_code      = local.contact.postal_code
    country_code     = local.contact.country_code
  }
}

module "dcvd" {
  source = "../module"

  dns_challenges  = akamai_cps_dv_enrollment.site.dns_challenges
  http_challenges = akamai_cps_dv_enrollment.site.http_challenges
  server          = "http://127.0.0.1:8053"
  token_file      = "/etc/dcvd/terraform.token"
}

# Acknowledged only when every name server shows every value.
resource "akamai_cps_dv_validation" "site" {
  enrollment_id = akamai_cps_dv_enrollment.site.id
  sans          = akamai_cps_dv_enrollment.site.sans

  depends_on = [module.dcvd]
}

# For the same by hand: terraform output -json | dcvd present --from-terraform -
output "dns_challenges" {
  value = akamai_cps_dv_enrollment.site.dns_challenges
}

output "http_challenges" {
  value = akamai_cps_dv_enrollment.site.http_challenges
}
