output "presented" {
  description = "Changes with the challenges; use it, or depends_on, to acknowledge only what is visible"
  value       = terraform_data.challenges.id
}
