module github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget

go 1.26.0

require (
	github.com/otelcol-adobetarget/adobetargetexporter v0.0.0-00010101000000-000000000000
	github.com/spf13/cobra v1.10.2
	github.com/spf13/pflag v1.0.9
	github.com/stretchr/testify v1.12.1
	go.uber.org/goleak v1.3.0
)

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace github.com/otelcol-adobetarget/adobetargetexporter => ../..
