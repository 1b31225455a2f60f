package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/tablehaul/tablehaul/internal/staging"
)

// Codes and statuses that this package looks at beyond their class.
const (
	codeNoSuchKey    = "NoSuchKey"
	codeNoSuchBucket = "NoSuchBucket"
	codeNoSuchUpload = "NoSuchUpload"
	codeNotFound     = "NotFound" // the SDK's word for 404 without a body
	codeExpiredToken = "ExpiredToken"

	statusForbidden          = http.StatusForbidden
	statusNotFound           = http.StatusNotFound
	statusPreconditionFailed = http.StatusPreconditionFailed
)

// answer is what a server said when it refused a request; zero where none answered.
type answer struct {
	status  int
	code    string
	message string
	// region is that of the bucket, where the server says so; request is the request's id.
	region  string
	request string
}

func answerOf(err error) answer {
	var a answer
	if noCredentials(err) {
		return a // what answered was no S3
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		a.code, a.message = api.ErrorCode(), api.ErrorMessage()
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response != nil && response.Response.Response != nil {
		a.status = response.Response.StatusCode
		a.region = response.Response.Header.Get("x-amz-bucket-region")
		a.request = response.Response.Header.Get("x-amz-request-id")
	}
	return a
}

// verdict is what an error means for the one who waits: one of staging's errors, and what to do.
type verdict struct {
	class  error
	remedy string
}

const grants = "grant s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on bucket/prefix/*, " +
	"and s3:ListBucket on the bucket"

// verdicts by the server's own codes, which say more than its statuses.
var verdicts = map[string]verdict{
	"AccessDenied":      {staging.ErrRejected, grants},
	"Forbidden":         {staging.ErrRejected, grants},
	"AllAccessDisabled": {staging.ErrRejected, "the bucket's owner has to make it accessible again"},
	"AccountProblem":    {staging.ErrRejected, "the account needs attention"},
	"InvalidAccessKeyId": {staging.ErrRejected, "give the worker valid credentials by the AWS SDK's " +
		"default chain (AWS_ACCESS_KEY_ID, a profile, a role) and restart it"},
	"SignatureDoesNotMatch": {staging.ErrRejected, "the secret key is not that of the access key: give the " +
		"worker valid credentials and restart it"},
	"InvalidToken": {staging.ErrRejected, "the session token is not one of this server: give the " +
		"worker valid credentials and restart it"},
	codeNoSuchBucket:    {staging.ErrRejected, "create the bucket, or correct staging.url"},
	"InvalidBucketName": {staging.ErrRejected, "correct the bucket in staging.url"},
	"NotImplemented": {staging.ErrRejected, "the server lacks something that staging needs " +
		"(conditional writes, multipart uploads, checksums or the encryption asked for): use another server, or a " +
		"folder"},
	"MethodNotAllowed": {staging.ErrRejected, "this is no address of a bucket: correct endpoint and " +
		"pathStyle in staging.url"},
	"InvalidEncryptionAlgorithm": {staging.ErrRejected, "correct sse in staging.url"},
	"KMS.NotFoundException": {staging.ErrRejected, "correct kmsKey in staging.url: the key must be in the " +
		"bucket's region"},
	"KMS.DisabledException":        {staging.ErrRejected, "enable the KMS key"},
	"KMS.KMSInvalidStateException": {staging.ErrRejected, "enable the KMS key"},
	"InvalidObjectState": {staging.ErrRejected, "the object was moved to an archive: exclude the prefix " +
		"from transitions of the lifecycle rules"},

	codeExpiredToken:        {staging.ErrCredentials, "renew them, or see why the role's credentials are not renewed"},
	"ExpiredTokenException": {staging.ErrCredentials, "renew them, or see why the role's credentials are not renewed"},
	"TokenRefreshRequired":  {staging.ErrCredentials, "renew them"},
	"RequestTimeTooSkewed": {staging.ErrCredentials, "set this machine's clock (NTP): it differs from the server's " +
		"by more than 15 minutes"},
	"RequestExpired":     {staging.ErrCredentials, "set this machine's clock (NTP)"},
	"RequestInTheFuture": {staging.ErrCredentials, "set this machine's clock (NTP)"},

	"QuotaExceeded":               {staging.ErrFull, "make room, or raise the quota"},
	"XMinioStorageFull":           {staging.ErrFull, "make room"},
	"XMinioBackendDown":           {staging.ErrUnavailable, ""},
	"SlowDown":                    {staging.ErrUnavailable, ""},
	"RequestTimeout":              {staging.ErrUnavailable, ""},
	"InternalError":               {staging.ErrUnavailable, ""},
	"ServiceUnavailable":          {staging.ErrUnavailable, ""},
	"OperationAborted":            {staging.ErrUnavailable, ""},
	"BadDigest":                   {staging.ErrUnavailable, "bytes are damaged on their way to the server"},
	"IncompleteBody":              {staging.ErrUnavailable, ""},
	"XAmzContentSHA256Mismatch":   {staging.ErrUnavailable, "bytes are damaged on their way to the server"},
	"XAmzContentChecksumMismatch": {staging.ErrUnavailable, "bytes are damaged on their way to the server"},
	"ConditionalRequestConflict":  {staging.ErrUnavailable, ""},
	codeNoSuchUpload: {
		staging.ErrUnavailable,
		"the upload was ended by another program: see that no lifecycle rule ends uploads younger than a day",
	},
}

// classify says what an answer means. A class of nil is unknown: tried again for a while.
func classify(a answer, here string) verdict {
	if a.region != "" && a.region != here && (a.status/100 == 3 || a.status == http.StatusBadRequest ||
		a.status == statusForbidden) {
		return verdict{staging.ErrRejected, fmt.Sprintf("the bucket is in region %s, and %s was asked: write "+
			"region=%s in staging.url", a.region, here, a.region)}
	}
	if v, ok := verdicts[a.code]; ok {
		return v
	}
	switch {
	case a.status == http.StatusInsufficientStorage:
		return verdict{staging.ErrFull, "make room"}
	case a.status == http.StatusNotImplemented:
		return verdicts["NotImplemented"]
	case a.status/100 == 3 || a.code == "AuthorizationHeaderMalformed":
		return verdict{staging.ErrRejected, "the bucket is in another region, or at another address: correct region " +
			"or endpoint in staging.url"}
	case a.status >= 500, a.status == http.StatusTooManyRequests, a.status == http.StatusRequestTimeout:
		return verdict{staging.ErrUnavailable, ""}
	case strings.HasPrefix(a.code, "KMS."):
		return verdict{nil, "see the KMS key and its grants (kms:GenerateDataKey, kms:Decrypt)"}
	}
	return verdict{}
}

// noCredentials reports whether a request was not even sent, since there is nothing to sign it
// with. The SDK has no type for that, only these words around the cause.
func noCredentials(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "get identity: ") ||
		strings.Contains(err.Error(), "get credentials: "))
}

// unanswered judges an error of a request that got no answer.
func unanswered(err error) verdict {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &verify):
		return verdict{staging.ErrRejected, "the server's certificate is not trusted: correct endpoint in " +
			"staging.url, or name the authority in AWS_CA_BUNDLE"}
	case noCredentials(err):
		return verdict{staging.ErrCredentials, "no credentials were found by the AWS SDK's default chain: set " +
			"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role"}
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return verdict{staging.ErrUnavailable, ""}
	}
	return verdict{}
}

// fail is the error of a request: what was done, what came of it, and what to do.
func (s *Store) fail(ctx context.Context, doing string, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("%s: %w", doing, ctxErr)
	}
	return s.refusal(doing, answerOf(err), err)
}

// refusal is the error of an answer; cause may be nil, and is what there is without an answer.
func (s *Store) refusal(doing string, a answer, cause error) error {
	if a.code == codeNoSuchKey || a.code == codeNotFound {
		return fmt.Errorf("%s: %w", doing, staging.ErrNotFound)
	}
	v := classify(a, s.at.Region)
	what := a.text()
	if a == (answer{}) && cause != nil {
		v = unanswered(cause)
		what = innermost(cause)
	}
	if errors.Is(v.class, staging.ErrCredentials) && s.forget != nil {
		s.forget() // the next request asks the chain again
	}
	text := what
	if v.remedy != "" {
		text += ": " + v.remedy
	}
	e := &failure{class: v.class, cause: cause}
	if v.class != nil {
		text = v.class.Error() + ": " + text
	}
	e.text = fmt.Sprintf("%s: %s (bucket %s)", doing, text, s.at.Bucket)
	return e
}

// text is the answer in one line.
func (a answer) text() string {
	parts := make([]string, 0, 4)
	if a.code != "" {
		parts = append(parts, a.code)
	}
	if a.status != 0 {
		parts = append(parts, fmt.Sprintf("status %d", a.status))
	}
	message, _, _ := strings.Cut(a.message, "\n")
	message = strings.TrimSuffix(message, ".")
	if message != "" && message != a.code {
		parts = append(parts, message)
	}
	if a.request != "" {
		parts = append(parts, "request "+a.request)
	}
	return strings.Join(parts, ", ")
}

// innermost is the text of the last error of a chain: what the SDK puts around it says the
// operation, which is said already, and that no answer came.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			return op.Error()
		}
		err = next
	}
}

// failure is an error whose text stands for all of its chain: the SDK's own repeats the
// operation, and ids that no support team asks for.
type failure struct {
	text         string
	class, cause error
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() []error {
	var out []error
	for _, err := range []error{f.class, f.cause} {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}
