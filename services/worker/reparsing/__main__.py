from services.worker.reparsing.app import main

main()
