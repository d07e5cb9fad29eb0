package main

import (
	"time"

	"github.com/imgfleet/imgfleet/gateway/admin"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/objective"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/moderation"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// Config is the part of the one configuration file that a gateway reads.
//
// The comments of the fields are the reference for operators
// (deploy/config/reference.yaml); range and example are tags.
type Config struct {
	// How strict the program is: prod refuses what is only safe on one machine. It must be said when others reach a listener; else it is dev.
	Environment string `config:"environment" range:"dev|prod"`
	// The public listener.
	HTTP httpConfig `config:"http"`
	// The listener for operators: imgctl, metrics, profiles.
	Admin adminConfig `config:"admin"`
	// Where workers and gateways find each other.
	Fleet fleetConfig `config:"fleet"`
	// What lies on this machine.
	Data dataConfig `config:"data"`
	// The engine (NATS JetStream), which keeps tasks and state.
	Engine engineConfig `config:"engine"`
	// Where pictures lie.
	Store storeConfig `config:"store"`
	// Huawei Cloud CDN in front of the bucket. It needs store.kind obs.
	CDN cdnConfig `config:"cdn"`
	// The anonymous sessions of people.
	Session sessionConfig `config:"session"`
	// What people and tasks may use at most. imgctl quota changes most of it at run time.
	Limits limitsConfig `config:"limits"`
	// How long anything of a person stays: photos, pictures, tasks.
	Retention time.Duration `config:"retention" range:"1s…" example:"48h"`
	// The models that draw, with their prices and limits. The list replaces the built-in mock.
	Providers []providerConfig `config:"providers"`
	// What happens when a provider is slow or fails.
	Fallback fallbackConfig `config:"fallback"`
	// Who is served next, and by which worker.
	Dispatch dispatchConfig `config:"dispatch"`
	// What people are promised: imgctl status shows each beside what they got over the last hour, and the alarm objective_missed tells when it is less.
	Objectives objective.Config `config:"objectives"`
	// What people may write and show. Gateways judge words, workers judge pictures.
	Moderation moderation.Config `config:"moderation"`
	// The files for mutual TLS between gateways and workers. Give all three or none.
	TLS workerrpc.Identity `config:"tls"`
	// The program's own log, on standard error.
	Log telemetry.LogConfig `config:"log"`
}

type httpConfig struct {
	// The address that people's browsers reach, or the load balancer before them. Port 0 picks a free one.
	Listen string `config:"listen" range:"host:port" example:"0.0.0.0:8080"`
	// The address in links that leave this gateway. Empty makes links relative.
	PublicURL string `config:"publicUrl" range:"http(s)://host" example:"https://pictures.example.com"`
	// This gateway as workers reach it, for photos and pictures of a disk store. Empty is the listen address.
	InternalURL string `config:"internalUrl" range:"http(s)://host:port" example:"http://10.0.0.5:8080"`
	// This gateway's name in the addresses of resumable uploads, by which a load balancer finds it again. Empty when data.dir is shared, or with one gateway.
	Node string `config:"node" range:"at most 32 of a-z, 0-9, -" example:"a"`
	// Foreign web pages that may call the API; "*" is every page.
	CORSOrigins []string `config:"corsOrigins" range:"http(s)://host or *" example:"[\"https://www.example.com\"]"`
	// Load balancers whose X-Forwarded-For and Forwarded are believed. Without it, everybody behind one counts as one address.
	TrustedProxies []string `config:"trustedProxies" range:"addresses and prefixes" example:"[\"10.0.0.0/8\"]"`
	// How long a gateway that is told to stop goes on serving while /readyz says 503, so that load balancers send nobody to a closed door.
	DrainNotice *time.Duration `config:"drainNotice" range:"0…1m" default:"0s in dev, 5s in prod" example:"10s"`
}

type adminConfig struct {
	// The address of the admin API, which imgctl speaks. Keep it where only operators reach it.
	Listen string `config:"listen" range:"host:port" example:"10.0.0.5:8081"`
	// The token of operators. Empty keeps a random one in data.dir/admin.token.
	Token secret.Ref `config:"token" unit:"secret" range:"at least 16 characters" example:"env:ADMIN_TOKEN"`
	// The names by which operators call this listener, beside IP addresses and localhost. Others are refused, so that no web page reaches it by a name of its own.
	Hosts []string `config:"hosts" range:"list of names" example:"[\"admin.example.com\"]"`
	// The certificate with which this listener speaks HTTPS. Empty is plain HTTP.
	TLS admin.Files `config:"tls"`
}

type fleetConfig struct {
	// The address at which workers send heartbeats. Beyond loopback it needs the section tls.
	Listen string `config:"listen" range:"host:port" example:"0.0.0.0:8082"`
	// The secret that gateways and workers share. Empty keeps a random one in data.dir/fleet-token, where workers of this machine find it; with the section tls none is needed.
	Token secret.Ref `config:"token" unit:"secret" example:"env:FLEET_TOKEN"`
	// The fleet listeners of all gateways, as workers reach them.
	Gateways config.Ignored `config:"gateways"`
}

type dataConfig struct {
	// The directory of this gateway: the embedded engine, pictures of a disk store, uploads in pieces, the admin token.
	Dir string `config:"dir" example:"/var/lib/imgfleet"`
}

type engineConfig struct {
	// An external engine; several servers are separated by commas. Empty runs one in this process.
	URL secret.URL `config:"url" range:"nats://host:port or tls://host:port" example:"tls://nats.example.com:4222"`
	// The address at which the embedded engine serves further gateways. Empty serves only this one.
	Listen string `config:"listen" range:"host:port" example:"127.0.0.1:4222"`
	// The secret that the engine asks for, at engine.listen and engine.url. Empty keeps a random one in data.dir/engine-token; a gateway beside it reads it there.
	Token secret.Ref `config:"token" unit:"secret" example:"env:ENGINE_TOKEN"`
	// The files for TLS with the engine. An embedded engine that listens speaks TLS when it has a certificate.
	TLS engine.TLS `config:"tls"`
	// The credentials file with which an external engine knows this gateway, instead of a token.
	Creds string `config:"creds" example:"/etc/imgfleet/engine.creds"`
	// When the embedded engine forces writes to disk: before every answer, or once in an interval, which a power cut may then lose.
	Sync config.Sync `config:"sync" range:"always, or a duration above 0" example:"2s"`
	// How many nodes of the engine keep each stream. Without it one node keeps one and a cluster three. It counts for streams that are made; imgctl engine apply changes others, and a gateway does not start with a number below what a stream has.
	Replicas int `config:"replicas" range:"1…5" example:"3"`
}

type storeConfig struct {
	// What keeps pictures: this machine's disk, or a bucket of Huawei Cloud OBS or another S3-compatible server.
	Kind string `config:"kind" range:"disk|obs" example:"obs"`
	// Says that data.dir is a directory that all gateways share. Gateways with one engine and a disk store need it.
	Shared bool `config:"shared"`
	// Room to leave on the disk. Below it no upload or task is taken.
	MinFree config.Bytes `config:"minFree" range:"0…" example:"2GiB"`
	// The bucket, when kind is obs.
	OBS obsConfig `config:"obs"`
}

type obsConfig struct {
	// The object store's address, without the bucket.
	Endpoint string `config:"endpoint" range:"http(s)://host" example:"https://obs.cn-north-4.myhuaweicloud.com"`
	// The bucket's name.
	Bucket string `config:"bucket" example:"pictures"`
	// Where the keys come from: this file, or the agency of the machine (ECS).
	Credentials string `config:"credentials" range:"static|ecs" example:"ecs"`
	// The access key.
	AccessKey secret.Ref `config:"accessKey" unit:"secret" example:"env:OBS_AK"`
	// The secret key.
	SecretKey secret.Ref `config:"secretKey" unit:"secret" example:"env:OBS_SK"`
	// The security token that belongs to temporary keys.
	SecurityToken secret.Ref `config:"securityToken" unit:"secret" example:"env:OBS_TOKEN"`
	// How requests are signed: obs for Huawei Cloud, v4 for other S3-compatible servers.
	Signature string `config:"signature" range:"obs|v4" example:"v4"`
	// Puts the bucket into the path instead of the host name. It needs signature v4.
	PathStyle bool `config:"pathStyle"`
	// The region in signatures. Signature v4 needs it.
	Region string `config:"region" example:"cn-north-4"`
}

type cdnConfig struct {
	// The CDN's domain, from which people then load pictures.
	BaseURL string `config:"baseUrl" range:"http(s)://host" example:"https://pictures.example.com"`
	// The key of signing type A, as set in the CDN's console.
	SigningKey secret.Ref `config:"signingKey" unit:"secret" range:"6 to 32 letters and digits" example:"env:CDN_KEY"`
	// How long the domain accepts a signature, as set in the CDN's console. 0 is the retention.
	Validity time.Duration `config:"validity" range:"0…8760h" example:"24h"`
	// The access key with which the CDN is told what to forget. Without it, deleted pictures stay in the CDN until its caches expire.
	AccessKey secret.Ref `config:"accessKey" unit:"secret" example:"env:CDN_AK"`
	// The secret key that belongs to it.
	SecretKey secret.Ref `config:"secretKey" unit:"secret" example:"env:CDN_SK"`
	// The id of the account's domain (IAM).
	DomainID string `config:"domainId" example:"0b672a…"`
	// The enterprise project of the CDN's domain. Sub-accounts need it.
	EnterpriseProject string `config:"enterpriseProject" example:"0"`
	// The CDN's API. Empty is that of Huawei Cloud.
	Endpoint string `config:"endpoint" range:"http(s)://host" example:"https://cdn.myhuaweicloud.com"`
}

type sessionConfig struct {
	// How long a token is valid. Pages renew it in time.
	TTL time.Duration `config:"ttl" range:"1s…" example:"30m"`
	// How long after its end a token can still be renewed. 0 is the retention.
	RenewWithin time.Duration `config:"renewWithin" range:"0…" example:"12h"`
	// How old a session may become, however often it is renewed or carried to another browser. Then its person begins a new one.
	MaxAge time.Duration `config:"maxAge" range:"session.ttl…" example:"168h"`
	// When a new session asks for a small proof of work, against scripts: never, when its address is a crowd (it has begun limits.ipSessionsPerHour, or used up limits.ipDaily), or always. With auto or on, whoever did the work gets a session past that limit, and is counted by its own limits first.
	Challenge session.Challenge `config:"challenge" range:"off|auto|on" example:"on"`
}

type limitsConfig struct {
	limit.Limits

	// How long a task may take, waiting included. It never lives longer than the retention.
	TaskTimeout time.Duration `config:"taskTimeout" range:"1s…" example:"5m"`
}

type providerConfig struct {
	// The provider's name, in logs, metrics and for imgctl.
	Name string `config:"name" example:"seedream"`
	// The vendor's protocol.
	Kind string `config:"kind" range:"see worker/provider/README.md" example:"seedream"`
	// The vendor's API, to where its documented version ends.
	BaseURL config.Ignored `config:"baseUrl"`
	// The vendor's key. Gateways never resolve it.
	APIKey config.Ignored `config:"apiKey"`
	// The model's name at the vendor.
	Model string `config:"model" example:"doubao-seedream-4-0-250828"`
	// The only region whose workers call it. Empty is every region.
	Region string `config:"region" example:"cn-north"`
	// Its share of the tasks, relative to the others. 0 is only for fallback.
	Weight *int `config:"weight" range:"0…1000" default:"100" example:"90"`
	// Calls at once over the whole fleet. 0 is no limit.
	MaxConcurrent int `config:"maxConcurrent" range:"0…" example:"20"`
	// What one picture costs, for budgets and decisions. 0 means a server of one's own; not given, no rule about money counts its calls.
	PriceFen *int64 `config:"priceFen" unit:"fen" range:"0…" example:"20"`
	// How long one whole attempt may take. 0 is the usual time of its kind: 3m where the vendor has jobs, else 1m.
	Timeout time.Duration `config:"timeout" range:"0…" example:"60s"`
	// A proxy between worker and vendor.
	Proxy config.Ignored `config:"proxy"`
	// What a server of kind openai speaks.
	Dialect config.Ignored `config:"dialect"`
	// How a server of kind openai calls the photo.
	ImageField config.Ignored `config:"imageField"`
}

type fallbackConfig struct {
	// After this time a person is told that it takes longer, and a second call may start.
	NoticeAfter time.Duration `config:"noticeAfter" range:"above 0" example:"10s"`
	// The share of attempts, over ten minutes, that may be a second call beside a slow one. 0 is none.
	HedgeBudget float64 `config:"hedgeBudget" range:"0…1" example:"0.05"`
	// What follows a call that may have been billed without an answer: wait for it, go on to the next provider within doublePayFenPerDay, or fail.
	Unknown string `config:"unknown" range:"wait|next|fail" example:"next"`
	// What may be paid twice in a day so that tasks go on.
	DoublePayFenPerDay int64 `config:"doublePayFenPerDay" unit:"fen" range:"0…" example:"2000"`
	// Lets the mock stand in for real models.
	Mock *bool `config:"mock" default:"true in dev, false in prod"`
}

type dispatchConfig struct {
	// How many tasks the dispatcher holds at once, waiting and running. The others wait in the queue.
	Window int `config:"window" unit:"tasks" range:"1…65536" example:"2048"`
	// How long a task waits for a worker of its own region, or for its first provider, before it takes another.
	Spill time.Duration `config:"spill" range:"0…" example:"1s"`
	// The region preferred by tasks that this gateway accepts. Empty prefers none.
	Region string `config:"region" example:"cn-north"`
	// The share of a budget at which an alarm is raised. 0 is none.
	BudgetAlarm float64 `config:"budgetAlarm" range:"0…1" example:"0.9"`
	// The calls that a vendor still takes at which an alarm is raised. 0 is none.
	AllowanceAlarm int64 `config:"allowanceAlarm" unit:"calls" range:"0…" example:"50"`
}
