from holdfast.warehouse.embedded.service import main

main()
