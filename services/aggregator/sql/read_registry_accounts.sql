SELECT tenant, account, revision, spelling, label, sources, deleted FROM registry_accounts FINAL
