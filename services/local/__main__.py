from services.local.app import main

main()
