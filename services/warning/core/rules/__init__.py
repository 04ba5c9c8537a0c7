"""The rule language: a ruleset is one YAML file of rules; a rule measures one number and bands map it to a level."""
