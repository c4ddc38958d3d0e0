SELECT tenant, account, spelling FROM registry_accounts FINAL
