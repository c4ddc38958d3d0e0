-- Which rule sets are stored.
SELECT tenant, number FROM registry_rule_sets
