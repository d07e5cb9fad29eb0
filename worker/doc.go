// Command worker runs attempts at providers for the gateways of its fleet. It
// holds vendor keys and no state: it tells every gateway once a second that
// it lives, and works on what they send.
package main
