"""The batch target: AWS Batch job definitions, and a Step Functions state machine that runs them."""
