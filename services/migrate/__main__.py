from services.migrate.app import main

main()
