// Package partial keeps what has arrived of resumable uploads: one plain file
// an upload, whose size is the offset at which to go on. gateway/upload/tus
// fills it; a finished file becomes an object of gateway/store;
// gateway/upload removes what is deleted, and Run what was abandoned.
package partial
