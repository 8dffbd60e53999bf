variable "dns_challenges" {
  description = "akamai_cps_dv_enrollment.….dns_challenges; a name that is also in http_challenges is validated with dns-01"
  default     = []

  type = set(object({
    domain        = string
    full_path     = string
    response_body = string
  }))
}

variable "http_challenges" {
  description = "akamai_cps_dv_enrollment.….http_challenges"
  default     = []

  type = set(object({
    domain        = string
    full_path     = string
    response_body = string
  }))
}

variable "server" {
  description = "URL of the dcvd service"
  type        = string
  default     = "http://127.0.0.1:8053"
}

variable "token_file" {
  description = "File with the bearer token of dcvd client add; empty: $DCVD_TOKEN, or the operator's token on the same host"
  type        = string
  default     = ""
}

variable "lifetime" {
  description = "Withdrawn after that; CPS tokens live seven days"
  type        = string
  default     = "7d"
}

variable "timeout" {
  description = "How long an apply waits for the answers to be visible"
  type        = string
  default     = "15m"
}
