// Package catalog is the versioned document of styles and places that people
// choose from. gateway/intake resolves a request against it and the chosen
// entries travel inside the job, so a worker never needs the document itself.
package catalog
