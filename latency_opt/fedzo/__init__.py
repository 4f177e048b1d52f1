"""The design of FedZO over the air."""
