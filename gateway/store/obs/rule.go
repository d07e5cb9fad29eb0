package obs

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"
)

// ruleID marks the rules that are ours; those of others are kept.
const ruleID = "imgfleet-"

// rule gives the bucket what our own sweeper and signed URLs rest on: it
// removes objects by itself should no gateway run for days, and lets browsers
// of any origin use URLs that we signed. A bucket that cannot or may not be
// changed works all the same; the operator is told.
func (b *Bucket) rule(client *sdk.ObsClient) {
	if err := b.expire(client); err != nil {
		b.log.Warn("bucket has no expiry rule of ours; objects go only while a gateway runs", "err", err)
	}
	if err := b.admit(client); err != nil {
		b.log.Warn("bucket has no CORS rule of ours; browsers may be refused", "err", err)
	}
}

// expire keeps a rule of ours that keeps objects longer: another gateway has
// asked for it, and the sweeper removes what is due.
func (b *Bucket) expire(client *sdk.ObsClient) error {
	var rules []sdk.LifecycleRule
	have, days := 0, int(b.days())
	now, err := client.GetBucketLifecycleConfiguration(b.config.Bucket, b.dated())
	if err != nil && !none(err) {
		return err // what cannot be read is not replaced
	}
	if err == nil {
		for _, r := range now.LifecycleRules {
			if !strings.HasPrefix(r.ID, ruleID) {
				rules = append(rules, r)
			} else if days = max(days, r.Expiration.Days); int64(r.Expiration.Days) >= b.days() {
				have++
			}
		}
	}
	all := append(slices.Clone(roots[:]), copiedRoot)
	if have == len(all) {
		return nil
	}
	for _, root := range all {
		rules = append(rules, sdk.LifecycleRule{
			ID: ruleID + strings.TrimSuffix(root, "/"), Prefix: root, Status: sdk.RuleStatusEnabled,
			Expiration: sdk.Expiration{Days: days},
		})
	}
	in := &sdk.SetBucketLifecycleConfigurationInput{Bucket: b.config.Bucket}
	in.LifecycleRules = rules
	_, err = client.SetBucketLifecycleConfiguration(in, b.dated())
	return err
}

// admit leaves a bucket alone that has rules already.
func (b *Bucket) admit(client *sdk.ObsClient) error {
	now, err := client.GetBucketCors(b.config.Bucket, b.dated())
	if err != nil && !none(err) {
		return err
	}
	if err == nil && len(now.CorsRules) > 0 {
		return nil
	}
	in := &sdk.SetBucketCorsInput{Bucket: b.config.Bucket}
	in.CorsRules = []sdk.CorsRule{{
		ID: ruleID + "signed", AllowedOrigin: []string{"*"}, AllowedMethod: []string{"GET", "HEAD", "PUT"},
		AllowedHeader: []string{"*"}, ExposeHeader: []string{"ETag"}, MaxAgeSeconds: 3600,
	}}
	_, err = client.SetBucketCors(in, b.dated())
	return err
}

// none reports whether a bucket has no rules, which is an answer.
func none(err error) bool {
	var answer sdk.ObsError
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
