// Package vendorhttp gives drivers their HTTP: calls to a vendor's API whose
// failures are classified in terms of money, and downloads of results that
// reach no host but the allowed ones. Drivers feed it requests in their
// vendor's words and read the answers; it retries no call that could be paid
// for twice.
package vendorhttp
